//! What calls are about, and how they go.

use super::fleet::{Fleet, Service};
use super::place::{Address, TOWNS};
use nation::Chance;

/// A kind of call.
#[derive(Debug)]
struct Kind {
    code: &'static str,
    weight: u32,
    /// Priority of most of them, P0 to P3.
    priority: i64,
    /// Kinds of units that go, and how many at most.
    units: &'static [(Service, &'static str, usize)],
    /// How it ends.
    ends: &'static [&'static str],
    words: &'static [&'static str],
}

use Service::{Fire, Medical, Police};

#[rustfmt::skip]
const KINDS: &[Kind] = &[
    Kind { code: "medical", weight: 420, priority: 1, units: &[(Medical, "ātrā palīdzība", 1)],
        ends: &["transported", "transported", "transported-urgent", "declined-transport", "settled"],
        words: &["Sāpes krūtīs, apgrūtināta elpošana", "Kritiens, iespējams kājas lūzums", "Samaņas zudums uz ielas", "Augsta temperatūra bērnam", "Alerģiska reakcija"] },
    Kind { code: "traffic-collision", weight: 90, priority: 1,
        units: &[(Police, "patruļa", 1), (Medical, "ātrā palīdzība", 2), (Fire, "glābšana", 1), (Fire, "autocisterna", 1)],
        ends: &["report-taken", "transported", "settled"],
        words: &["Divu automašīnu sadursme, ir cietušie", "Notriekts velosipēdists", "Automašīna nobraukusi no ceļa", "Sadursme krustojumā, bloķēta kustība"] },
    Kind { code: "structure-fire", weight: 45, priority: 0,
        units: &[(Fire, "autocisterna", 3), (Fire, "autokāpnes", 1), (Fire, "glābšana", 1), (Medical, "ātrā palīdzība", 1), (Police, "patruļa", 1)],
        ends: &["fire-handled", "fire-handled", "no-merit"],
        words: &["Dūmi no dzīvokļa trešajā stāvā", "Deg saimniecības ēka", "Deg virtuvē, cilvēki izgājuši", "Atklāta liesma jumta stāvā"] },
    Kind { code: "alarm", weight: 70, priority: 2, units: &[(Fire, "autocisterna", 2)],
        ends: &["false-alarm", "no-merit", "fire-handled"],
        words: &["Nostrādājusi automātiskā ugunsgrēka signalizācija", "Signalizācija veikalā", "Dūmu detektors kāpņutelpā"] },
    Kind { code: "outside-fire", weight: 40, priority: 2, units: &[(Fire, "autocisterna", 1)],
        ends: &["fire-handled", "fire-handled", "gone-on-arrival"],
        words: &["Deg kūla pie dzelzceļa", "Deg atkritumu konteiners", "Dūmi mežmalā"] },
    Kind { code: "vehicle-fire", weight: 12, priority: 1, units: &[(Fire, "autocisterna", 1), (Police, "patruļa", 1)],
        ends: &["fire-handled"], words: &["Deg automašīna stāvlaukumā", "Dūmi no motora telpas"] },
    Kind { code: "water-rescue", weight: 8, priority: 0, units: &[(Fire, "glābšana", 1), (Fire, "autocisterna", 1), (Medical, "ātrā palīdzība", 1)],
        ends: &["fire-handled", "transported-urgent"], words: &["Cilvēks ūdenī pie tilta", "Apgāzusies laiva"] },
    Kind { code: "gas-leak", weight: 10, priority: 1, units: &[(Fire, "autocisterna", 1), (Police, "patruļa", 1)],
        ends: &["fire-handled", "no-merit"], words: &["Gāzes smaka kāpņutelpā", "Bojāts gāzes vads"] },
    Kind { code: "theft", weight: 85, priority: 3, units: &[(Police, "patruļa", 1)],
        ends: &["report-taken", "report-taken", "no-merit", "gone-on-arrival"],
        words: &["Nozagts velosipēds no kāpņutelpas", "Zādzība veikalā, persona aizturēta", "Nozagts maks sabiedriskajā transportā"] },
    Kind { code: "burglary", weight: 25, priority: 2, units: &[(Police, "patruļa", 1), (Police, "izmeklēšana", 1)],
        ends: &["report-taken", "report-taken", "arrest"], words: &["Uzlauztas dzīvokļa durvis", "Iekļūšana noliktavā"] },
    Kind { code: "assault", weight: 45, priority: 1, units: &[(Police, "patruļa", 2), (Medical, "ātrā palīdzība", 1)],
        ends: &["report-taken", "arrest", "gone-on-arrival"], words: &["Kautiņš pie bāra", "Nepazīstama persona uzbrukusi garāmgājējam"] },
    Kind { code: "domestic-violence", weight: 45, priority: 0, units: &[(Police, "patruļa", 2)],
        ends: &["report-taken", "arrest", "warning"], words: &["Konflikts ģimenē, dzirdami kliedzieni", "Agresīvs ģimenes loceklis reibumā"] },
    Kind { code: "public-order", weight: 60, priority: 2, units: &[(Police, "patruļa", 1)],
        ends: &["warning", "gone-on-arrival", "citation", "settled"], words: &["Trokšņo jauniešu grupa", "Lieto alkoholu rotaļu laukumā"] },
    Kind { code: "intoxicated-person", weight: 45, priority: 2, units: &[(Police, "patruļa", 1), (Medical, "ātrā palīdzība", 1)],
        ends: &["settled", "transported", "gone-on-arrival"], words: &["Persona guļ pieturā, nereaģē", "Reibumā esoša persona uz brauktuves"] },
    Kind { code: "noise", weight: 35, priority: 3, units: &[(Police, "patruļa", 1)],
        ends: &["warning", "no-merit", "gone-on-arrival"], words: &["Skaļa mūzika naktī", "Kaimiņi traucē mieru"] },
    Kind { code: "missing-person", weight: 12, priority: 1, units: &[(Police, "patruļa", 1), (Police, "izmeklēšana", 1)],
        ends: &["report-taken", "settled"], words: &["Sirmgalvis nav atgriezies mājās", "Bērns nav atnācis no skolas"] },
    Kind { code: "elevator-rescue", weight: 12, priority: 2, units: &[(Fire, "autocisterna", 1)],
        ends: &["fire-handled"], words: &["Cilvēks iestrēdzis liftā"] },
    Kind { code: "animal", weight: 14, priority: 3, units: &[(Police, "patruļa", 1)],
        ends: &["settled", "handed-to-other", "gone-on-arrival"], words: &["Uz ceļa alnis", "Klaiņojošs suns pie skolas"] },
    Kind { code: "storm-damage", weight: 14, priority: 2, units: &[(Fire, "autocisterna", 1)],
        ends: &["fire-handled"], words: &["Pār ceļu nokritis koks", "Vējš norāvis jumta loksnes"] },
];

/// A call that was made up. Times are seconds since the beginning of the sample.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) received: i64,
    pub(super) answered: i64,
    pub(super) qualified: i64,
    pub(super) code: &'static str,
    pub(super) first_priority: i64,
    pub(super) priority: i64,
    pub(super) channel: &'static str,
    pub(super) address: Address,
    pub(super) casualties: Option<i64>,
    pub(super) alarm_level: i64,
    pub(super) words: &'static str,
    pub(super) end: &'static str,
    pub(super) legs: Vec<Leg>,
}

/// What a unit did on a call.
#[derive(Debug)]
pub(super) struct Leg {
    pub(super) unit: usize,
    pub(super) sent: i64,
    pub(super) en_route: Option<i64>,
    pub(super) on_scene: Option<i64>,
    pub(super) transporting: Option<i64>,
    pub(super) at_destination: Option<i64>,
    pub(super) free: Option<i64>,
}

impl Call {
    /// A call that comes in at that time.
    pub(super) fn make_up(received: i64, chance: &mut Chance, fleet: &mut Fleet) -> Self {
        let kind = chance.weighted(KINDS, |kind| kind.weight);
        let address = chance.weighted(TOWNS, |town| town.weight).address(chance);
        let answered = received + chance.about(2, 18);
        let qualified = answered + chance.about(20, 140);
        let first_priority = (kind.priority + if chance.percent(20) { chance.between(-1, 1) } else { 0 }).clamp(0, 3);
        let changed = if chance.percent(12) { chance.between(-1, 1) } else { 0 };
        let cancelled = chance.percent(4);
        let mut legs = Vec::new();
        let decided = qualified + chance.about(5, 60);
        for (service, unit_kind, most) in kind.units {
            let most = i64::try_from(*most).unwrap_or(1);
            let always = legs.is_empty() || chance.percent(55);
            let count = if always { usize::try_from(chance.between(1, most)).unwrap_or(1) } else { 0 };
            for (unit, sent) in fleet.take(*service, unit_kind, address.base, count, decided) {
                let sent = sent + chance.about(0, 30);
                let leg = Leg::make_up(unit, *service, sent, kind, cancelled, chance);
                fleet.free_at(unit, leg.free.unwrap_or(sent + 1800));
                legs.push(leg);
            }
        }
        let casualties = matches!(kind.code, "traffic-collision" | "assault" | "structure-fire" | "medical")
            .then(|| chance.between(0, 2))
            .filter(|count| *count > 0);
        let channel = *chance.weighted(&[("112", 80), ("110", 12), ("lietotne", 5), ("SMS", 1), ("eCall", 2)], |c| c.1);
        let large = kind.code == "structure-fire" && legs.len() > 4;
        Self {
            received,
            answered,
            qualified,
            code: kind.code,
            first_priority,
            priority: (first_priority + changed).clamp(0, 3),
            channel: channel.0,
            address,
            casualties,
            alarm_level: if large { chance.between(2, 3) } else { 1 },
            words: chance.one_of(kind.words),
            end: if cancelled { "cancelled" } else { chance.one_of(kind.ends) },
            legs,
        }
    }
}

impl Leg {
    fn make_up(unit: usize, service: Service, sent: i64, kind: &Kind, cancelled: bool, chance: &mut Chance) -> Self {
        let en_route = (!chance.percent(2)).then(|| sent + chance.about(25, 120));
        let begun = en_route.unwrap_or(sent);
        let arrives = !cancelled && !chance.percent(8);
        let on_scene = arrives.then(|| begun + chance.about(120, 1080));
        let worked = match on_scene {
            Some(there) => there + chance.about(300, 2_700),
            None => begun + chance.about(60, 500),
        };
        let carries = service == Service::Medical && on_scene.is_some() && kind.ends.contains(&"transported");
        let transporting = (carries && chance.percent(65)).then_some(worked);
        // One in thirty drivers forgets to press the button at the hospital.
        let at_destination = transporting.filter(|_| !chance.percent(3)).map(|from| from + chance.about(300, 1500));
        let done = at_destination.or(transporting).map_or(worked, |there| there + chance.about(600, 1800));
        let free = (!chance.percent(1)).then_some(done);
        Self { unit, sent, en_route, on_scene, transporting, at_destination, free }
    }
}

//! Units, and when they are free.

/// Places that units come from.
pub(super) const BASES: usize = 10;

/// A service that sends units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Fire,
    Medical,
    Police,
}

impl Service {
    /// Its institution.
    pub(super) fn institution(self) -> &'static str {
        match self {
            Self::Fire => "VUGD",
            Self::Medical => "NMPD",
            Self::Police => "VP",
        }
    }
}

/// A unit.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) service: Service,
    pub(super) call_sign: String,
    /// As the sample writes it.
    pub(super) kind: &'static str,
    pub(super) station: String,
    base: usize,
    /// Seconds since the beginning of the sample.
    free_at: i64,
}

/// All units.
#[derive(Debug)]
pub(super) struct Fleet(Vec<Unit>);

const STATIONS: [&str; BASES] = [
    "Rīga-Centrs",
    "Rīga-Pārdaugava",
    "Jūrmala",
    "Daugavpils",
    "Liepāja",
    "Jelgava",
    "Ventspils",
    "Rēzekne",
    "Valmiera",
    "Jēkabpils",
];

/// Kind, letters of the call sign, how many in a large base and in a small one.
const KINDS: [(Service, &str, &str, usize, usize); 6] = [
    (Service::Fire, "autocisterna", "AC", 5, 2),
    (Service::Fire, "autokāpnes", "AK", 2, 1),
    (Service::Fire, "glābšana", "GL", 1, 1),
    (Service::Medical, "ātrā palīdzība", "NM", 14, 4),
    (Service::Police, "patruļa", "PA", 12, 4),
    (Service::Police, "izmeklēšana", "IZ", 2, 1),
];

impl Fleet {
    pub(super) fn new() -> Self {
        let mut units = Vec::new();
        for (base, name) in STATIONS.into_iter().enumerate() {
            for (service, kind, letters, large, small) in KINDS {
                let count = if base < 2 { large } else { small };
                for number in 1..=count {
                    let call_sign = format!("{letters}{}{number:02}", base + 1);
                    let station = format!("{name} {}", service.institution());
                    units.push(Unit { service, call_sign, kind, station, base, free_at: 0 });
                }
            }
        }
        Self(units)
    }

    /// Takes `count` units of a service to a call: those that are free first, the own base before others.
    pub(super) fn take(
        &mut self,
        service: Service,
        kind: &str,
        base: usize,
        count: usize,
        at: i64,
    ) -> Vec<(usize, i64)> {
        let mut found: Vec<usize> = (0..self.0.len())
            .filter(|index| {
                self.0[*index].service == service && self.0[*index].kind == kind && self.0[*index].base == base
            })
            .collect();
        found.sort_by_key(|index| (self.0[*index].free_at.max(at), *index));
        found.truncate(count);
        found.into_iter().map(|index| (index, self.0[index].free_at.max(at))).collect()
    }

    pub(super) fn unit(&self, index: usize) -> &Unit {
        &self.0[index]
    }

    pub(super) fn free_at(&mut self, index: usize, at: i64) {
        self.0[index].free_at = at;
    }
}

//! Towns and quarters, with streets that exist and house numbers that may not.

use nation::Chance;

/// A town, or a quarter of Rīga.
#[derive(Debug)]
pub(super) struct Town {
    pub(super) name: &'static str,
    /// Code of the territory classifier (ATVK 2021).
    pub(super) territory: &'static str,
    /// Centre, in micro-degrees.
    point: (i64, i64),
    /// How far from it calls are, in micro-degrees of latitude.
    reach: i64,
    streets: &'static [&'static str],
    /// How many calls it has among all.
    pub(super) weight: u32,
    /// Where its units come from: 0 to [`super::fleet::BASES`].
    pub(super) base: usize,
}

/// Where a call is.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) text: String,
    pub(super) territory: &'static str,
    pub(super) point: String,
    pub(super) base: usize,
}

#[rustfmt::skip]
pub(super) const TOWNS: &[Town] = &[
    Town { name: "Centrs, Rīga", territory: "0001000", point: (56_956_000, 24_121_000), reach: 9_000, weight: 120, base: 0,
        streets: &["Brīvības iela", "Krišjāņa Barona iela", "Aleksandra Čaka iela", "Elizabetes iela", "Ģertrūdes iela", "Tērbatas iela"] },
    Town { name: "Maskavas forštate, Rīga", territory: "0001000", point: (56_938_000, 24_148_000), reach: 9_000, weight: 70, base: 0,
        streets: &["Lāčplēša iela", "Maskavas iela", "Gogoļa iela", "Ebreju iela", "Jēkabpils iela"] },
    Town { name: "Purvciems, Rīga", territory: "0001000", point: (56_957_000, 24_193_000), reach: 10_000, weight: 90, base: 0,
        streets: &["Dzelzavas iela", "Nīcgales iela", "Vaidavas iela", "Ieriķu iela", "Stirnu iela"] },
    Town { name: "Imanta, Rīga", territory: "0001000", point: (56_957_000, 24_009_000), reach: 9_000, weight: 60, base: 1,
        streets: &["Anniņmuižas bulvāris", "Kurzemes prospekts", "Kleistu iela", "Slokas iela", "Zolitūdes iela"] },
    Town { name: "Ziepniekkalns, Rīga", territory: "0001000", point: (56_905_000, 24_093_000), reach: 9_000, weight: 55, base: 1,
        streets: &["Ozolciema iela", "Valdeķu iela", "Graudu iela", "Ziepju iela", "Vienības gatve"] },
    Town { name: "Mežaparks, Rīga", territory: "0001000", point: (57_003_000, 24_148_000), reach: 9_000, weight: 25, base: 0,
        streets: &["Kokneses prospekts", "Ezermalas iela", "Stokholmas iela", "Hamburgas iela"] },
    Town { name: "Bolderāja, Rīga", territory: "0001000", point: (57_030_000, 24_055_000), reach: 8_000, weight: 25, base: 1,
        streets: &["Lielā iela", "Gobas iela", "Miglas iela", "Silikātu iela"] },
    Town { name: "Jūrmala", territory: "0004000", point: (56_968_000, 23_770_000), reach: 14_000, weight: 40, base: 2,
        streets: &["Jomas iela", "Lienes iela", "Dubultu prospekts", "Meža prospekts", "Kapteiņa Zolta iela"] },
    Town { name: "Daugavpils", territory: "0002000", point: (55_874_000, 26_536_000), reach: 16_000, weight: 60, base: 3,
        streets: &["Rīgas iela", "Saules iela", "Viestura iela", "Cietokšņa iela", "18. novembra iela"] },
    Town { name: "Liepāja", territory: "0005000", point: (56_511_000, 21_013_000), reach: 16_000, weight: 55, base: 4,
        streets: &["Lielā iela", "Graudu iela", "Kūrmājas prospekts", "Klaipēdas iela", "Ganību iela"] },
    Town { name: "Jelgava", territory: "0003000", point: (56_651_000, 23_713_000), reach: 13_000, weight: 45, base: 5,
        streets: &["Lielā iela", "Pasta iela", "Katoļu iela", "Raiņa iela", "Dobeles šoseja"] },
    Town { name: "Ventspils", territory: "0007000", point: (57_394_000, 21_561_000), reach: 13_000, weight: 30, base: 6,
        streets: &["Kuldīgas iela", "Lielais prospekts", "Saules iela", "Talsu iela", "Ganību iela"] },
    Town { name: "Rēzekne", territory: "0006000", point: (56_510_000, 27_333_000), reach: 11_000, weight: 25, base: 7,
        streets: &["Atbrīvošanas aleja", "Latgales iela", "Dārzu iela", "Raiņa iela"] },
    Town { name: "Valmiera", territory: "0054010", point: (57_538_000, 25_426_000), reach: 11_000, weight: 25, base: 8,
        streets: &["Rīgas iela", "Cēsu iela", "Stacijas iela", "Gaujas iela", "Ausekļa iela"] },
    Town { name: "Cēsis", territory: "0026200", point: (57_312_000, 25_274_000), reach: 9_000, weight: 15, base: 8,
        streets: &["Raunas iela", "Rīgas iela", "Gaujas iela", "Vaļņu iela"] },
    Town { name: "Jēkabpils", territory: "0031010", point: (56_499_000, 25_857_000), reach: 10_000, weight: 20, base: 9,
        streets: &["Brīvības iela", "Pasta iela", "Rīgas iela", "Vienības iela"] },
    Town { name: "Ogre", territory: "0040010", point: (56_816_000, 24_605_000), reach: 9_000, weight: 20, base: 9,
        streets: &["Brīvības iela", "Mālkalnes prospekts", "Skolas iela", "Grīvas prospekts"] },
    Town { name: "Sigulda", territory: "0048200", point: (57_153_000, 24_859_000), reach: 9_000, weight: 12, base: 8,
        streets: &["Raiņa iela", "Pils iela", "Gāles iela", "Strēlnieku iela"] },
    Town { name: "Kuldīga", territory: "0033200", point: (56_969_000, 21_961_000), reach: 8_000, weight: 12, base: 6,
        streets: &["Liepājas iela", "Baznīcas iela", "Pilsētas laukums", "Mucenieku iela"] },
    Town { name: "Tukums", territory: "0052210", point: (56_967_000, 23_155_000), reach: 8_000, weight: 12, base: 5,
        streets: &["Pils iela", "Raudas iela", "Kurzemes iela", "Talsu iela"] },
];

impl Town {
    /// An address in it.
    pub(super) fn address(&self, chance: &mut Chance) -> Address {
        let street = chance.one_of(self.streets);
        let text = format!("{street} {}, {}", chance.between(1, 140), self.name);
        let latitude = self.point.0 + chance.between(-self.reach, self.reach);
        // A degree of longitude is little more than half as long here.
        let longitude = self.point.1 + chance.between(-self.reach * 2, self.reach * 2);
        let degrees = |micro: i64| format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
        let point = format!("({}, {})", degrees(latitude), degrees(longitude));
        Address { text, territory: self.territory, point, base: self.base }
    }
}

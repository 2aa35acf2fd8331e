use super::{LogLifeEvent, LogPlace, VoidedNumbers};

impl LogLifeEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let signed = "— vnr.example/register 3D5zgwAAAAA=\n";
        vec![Self::GenerationBegun {
            generation: 2,
            begins: 101,
            root: "335f0f4c59876925caa1cb48eaaa7e4e533aa485c9d8710a7fe7171037bcdbb7".to_owned(),
            voids: LogPlace { generation: 1, position: 105 },
            numbers: vec![VoidedNumbers { series: "VEK".to_owned(), year: 2026, first: 42, last: 1_044 }],
            witness: Some(format!(
                "vnr.example/register\n105\nM18PTFmHaSXKoctI6qp+TlM6pIXJ2HEKf+cXEDe827c=\ngeneration 1\n\
                 number VEK-2026-0000044\n\n{signed}"
            )),
            statement: format!("vnr log generation v1\nvnr.example/register\ngeneration 2\nbegins 101\n\n{signed}"),
            reason: "the disk of the database was lost; the last archived segment was missing".to_owned(),
        }]
    }
}

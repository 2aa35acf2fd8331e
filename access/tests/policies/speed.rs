//! How long a decision takes.

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use access::policy::{Action, Policies};
use access::{Purpose, Role};

use crate::{code, incident_of, policies, somebody, territory};

fn nanoseconds(times: u32, mut work: impl FnMut()) -> u128 {
    let started = Instant::now();
    (0..times).for_each(|_| work());
    started.elapsed().as_nanos() / u128::from(times)
}

/// Prints what one takes: read with `cargo test -p access --test policies speed -- --ignored --nocapture`.
#[test]
#[ignore = "measures, asserts nothing about time"]
fn how_long_decisions_take() {
    let policies = policies();
    let officer = somebody("VP", Role::Officer, Purpose::Investigation);
    let mut incident = incident_of("RPP");
    incident.participants = vec![code("VUGD"), code("NMPD")];
    incident.territory = Some(territory("0001000"));
    let decide =
        |policies: &Policies| policies.decide(black_box(&officer), Action::ViewNarrative, black_box(&incident));
    let expected = decide(&policies).allowed;
    let cached = nanoseconds(200_000, || assert_eq!(decide(&policies).allowed, expected));
    let masks = nanoseconds(200_000, || {
        black_box(policies.masks(black_box(&officer), black_box(&incident)));
    });
    let (who, what) = policies.profiles(&officer, &incident);
    let row = nanoseconds(500, || {
        black_box(policies.decisions(black_box(&who), black_box(&what)));
    });
    let parsed = nanoseconds(5, || drop(black_box(Policies::embedded())));
    let text =
        format!("cached decision {cached} ns, cached masks {masks} ns, new pair {row} ns, reading all {parsed} ns\n");
    std::io::stderr().write_all(text.as_bytes()).expect("written");
}

//! `vnr token`: a token for development.

use std::fs;

use access::{DevelopmentKey, Principal, TokenIssuer};
use anyhow::Context;
use chrono::{TimeDelta, Utc};
use serde_json::json;

use crate::cli::TokenArgs;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;

pub(super) fn run(settings: &Settings, args: &TokenArgs) -> Result<(), Failure> {
    let folder = &settings.data_dir;
    fs::create_dir_all(folder).with_context(|| format!("can't make the data folder {}", folder.display()))?;
    let key = DevelopmentKey::load_or_create(&settings.token_key_file())?;
    let until = Utc::now() + TimeDelta::hours(i64::from(args.valid_for));
    let mut principal =
        Principal::new(&args.subject, args.institution.clone(), args.role.clone(), args.purpose[0], until);
    principal.purposes = sorted(&args.purpose);
    principal.territories = sorted(&args.territory);
    principal.trained = !args.untrained;
    let token = TokenIssuer::new(&key).issue(&principal)?;
    if args.json {
        output::json(&json!({
            "token": token,
            "subject": principal.subject,
            "institution": principal.institution,
            "roles": principal.roles,
            "trained": principal.trained,
            "purposes": principal.purposes,
            "territories": principal.territories,
            "expires_at": principal.expires_at,
        }));
    } else {
        output::line(token);
    }
    Ok(())
}

/// In order, each once.
fn sorted<T: Clone + Ord>(given: &[T]) -> Vec<T> {
    given.iter().cloned().collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

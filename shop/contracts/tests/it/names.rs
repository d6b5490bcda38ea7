//! Types of events are named once, where their family is declared; everything else uses the family's constants.

use std::{
    fs,
    path::{Path, PathBuf},
};

use contracts::FAMILIES;

/// All sources of the shop, without their tests.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "tests" && name != "benches" && name != "target" {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_type_of_an_event_is_typed_a_second_time() {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &mut found);
    assert!(found.len() > 100, "the shop's sources are there");
    let mut again = Vec::new();
    for path in found {
        let text = fs::read_to_string(&path).expect("sources are UTF-8");
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.contains("\" @ "));
        for (line, number) in lines {
            let named = FAMILIES
                .iter()
                .flat_map(|family| family.types)
                .any(|(kind, _)| line.contains(&format!("\"{kind}\"")));
            if named {
                again.push(format!("{}:{number}: {}", path.display(), line.trim()));
            }
        }
    }
    assert!(again.is_empty(), "use the family's constants:\n{}", again.join("\n"));
}

//! The standards measured against other people's cases. A set that is not on this machine is named as skipped.

#[cfg(test)]
mod isemail;

/// The text of a file of a public set, or none, saying so.
#[cfg(test)]
fn corpus(file: &str) -> Option<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora/").to_owned() + file;
    let other = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/corpora/").to_owned() + file;
    let found = [path, other].into_iter().find_map(|path| std::fs::read_to_string(path).ok());
    if found.is_none() {
        println!("skipped: shared/corpora/{file} is not on this machine");
    }
    found
}

//! `dsrd init`: the commented configuration and a fresh master key, in a folder of the operator's choice. Never
//! overwrites: a second master key would make the first one's state unreadable. `config.example.toml` is what it writes.

use super::args::Init;
use super::{CliError, Exit, Outcome};
use crate::config;
use crate::crypto::MasterKey;
use crate::env::Env;
use crate::render::Texts;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use zeroize::{Zeroize, Zeroizing};

/// The configuration's name in the folder.
const CONFIG_NAME: &str = "dsrd.toml";
/// The master key's name, as the example's default says.
const KEY_NAME: &str = "master.key";
/// The built-in templates' folder. Not the name that the example's `templates` has: nothing is replaced by accident.
const TEMPLATES_NAME: &str = "templates.example";
/// What lies beside them.
const TEMPLATES_README: &str = "\
The texts of this version of dsrd. The daemon does not read this folder; they are built in.

forms/    what customers fill in: put these on your help pages
notices/  every mail that dsrd sends: subject, plain text, HTML

To reword one, make a folder, copy that one file into it with its path, change it, name the folder in the configuration,
and look at it:

    templates/notices/acknowledgement/body.txt
    templates = \"templates\"        (in dsrd.toml)
    dsrd check

Copy only what you change: a copied file stays as it is when a new version brings a better one, or needs another.
dsrd check names files that change nothing, and refuses one that does not fit. After an update, dsrd init writes the new
texts into a folder of your choice, to be compared with yours.
";
/// Length of the master key: AES-256.
const KEY_BYTES: usize = 32;

/// Writes the files and prints what to do next.
#[expect(clippy::print_stdout, reason = "the next steps are this command's output")]
pub async fn run(args: Init, env: &Env) -> Outcome {
    let key = fresh_key(env);
    let folder = args.folder;
    let text = tokio::task::spawn_blocking(move || write_all(&folder, &key).map(|()| next_steps(&folder)))
        .await
        .map_err(|error| CliError::outside(format!("cannot write the first files: {error}")))??;
    print!("{text}");
    Ok(Exit::Done)
}

/// A key file's text from fresh random bytes.
fn fresh_key(env: &Env) -> Zeroizing<String> {
    let mut random = [0_u8; KEY_BYTES];
    env.entropy.fill(&mut random);
    let text = Zeroizing::new(MasterKey::generate_text(random));
    random.zeroize();
    text
}

fn write_all(folder: &Path, key: &str) -> Result<(), CliError> {
    make_folder(folder, 0o750)?;
    for name in [CONFIG_NAME, KEY_NAME, TEMPLATES_NAME] {
        let path = folder.join(name);
        if path.symlink_metadata().is_ok() {
            return Err(exists(&path));
        }
    }
    write_new(&folder.join(KEY_NAME), key, 0o600)?;
    write_templates(&folder.join(TEMPLATES_NAME))?;
    write_new(&folder.join(CONFIG_NAME), config::EXAMPLE, 0o640)
}

/// The built-in templates, to read and to copy from. The daemon never reads this folder: what lies in the folder that the
/// configuration names replaces the built-in text for good, and would not follow the next version.
fn write_templates(folder: &Path) -> Result<(), CliError> {
    for (name, text) in Texts::sources() {
        let path = folder.join(name);
        make_folder(path.parent().unwrap_or(folder), 0o755)?;
        write_new(&path, text, 0o644)?;
    }
    write_new(&folder.join("README.txt"), TEMPLATES_README, 0o644)
}

fn make_folder(folder: &Path, mode: u32) -> Result<(), CliError> {
    std::fs::DirBuilder::new().recursive(true).mode(mode).create(folder).map_err(|error| {
        CliError::outside(format!(
            "cannot make the folder {}: {error}; name one that you may write to",
            folder.display()
        ))
    })
}

fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), CliError> {
    let write = || {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => exists(path),
        _ => CliError::outside(format!(
            "cannot write {}: {error}; make room or choose another folder",
            path.display()
        )),
    })
}

fn exists(path: &Path) -> CliError {
    CliError::usage(format!(
        "will not write {}: it exists already; name another folder or move it away",
        path.display()
    ))
}

fn next_steps(folder: &Path) -> String {
    let config = folder.join(CONFIG_NAME);
    let config = config.display();
    let key = folder.join(KEY_NAME);
    let key = key.display();
    let templates = folder.join(TEMPLATES_NAME);
    let templates = templates.display();
    format!(
        "Wrote {config}, {key} and {templates}.\n\
         Next:\n\
         1. Keep a copy of {key} in a safe place: without it the state cannot be read.\n\
         2. Fill in {config} and write the password files that it names (chmod 600).\n\
         3. dsrd check -c {config}\n\
         4. dsrd run -c {config}\n\
         The forms for your help pages are in {templates}/forms; its README.txt says how to reword a mail.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::{CONFIG_NAME, KEY_NAME, TEMPLATES_NAME, run};
    use crate::cli::args::Init;
    use crate::cli::{Exit, Outcome};
    use crate::config::{Config, EXAMPLE};
    use crate::crypto::MasterKey;
    use crate::env::{Env, Manual, Seeded};
    use crate::render::Texts;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::sync::Arc;

    async fn init(folder: &Path, seed: u64) -> Outcome {
        let env = Env {
            clock: Arc::new(Manual::new(jiff::Timestamp::UNIX_EPOCH)),
            entropy: Arc::new(Seeded::new(seed)),
        };
        run(Init { folder: folder.to_owned() }, &env).await
    }

    #[tokio::test]
    async fn the_first_files_load_and_the_key_is_closed_to_others() {
        let dir = tempfile::tempdir().expect("folder");
        let folder = dir.path().join("new/etc");
        assert_eq!(init(&folder, 1).await.expect("writes"), Exit::Done);
        let config = Config::load(&folder.join(CONFIG_NAME)).expect("the example loads");
        let key = config.keys.master_key_file;
        assert_eq!(key, folder.join(KEY_NAME));
        let mode = std::fs::metadata(&key).expect("key").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(&key).expect("key");
        MasterKey::from_file_text(&text).expect("the key is one");
    }

    #[tokio::test]
    async fn the_templates_to_start_from_replace_nothing_until_one_is_copied() {
        let dir = tempfile::tempdir().expect("folder");
        init(dir.path(), 1).await.expect("writes");
        let examples = dir.path().join(TEMPLATES_NAME);
        let config = Config::load(&dir.path().join(CONFIG_NAME)).expect("the example loads");
        assert_eq!(config.templates, None);
        assert!(examples.join("forms/export.txt").is_file() && examples.join("README.txt").is_file());
        // Whoever names the whole folder learns that all of it changes nothing; the README is no template.
        let idle = Texts::idle_overrides(&examples).expect("reads");
        let names: Vec<&str> = idle.iter().map(String::as_str).filter(|name| *name != "README.txt").collect();
        assert_eq!(names.len(), Texts::sources().len());
        Texts::with_overrides(&examples).expect("and it would still be read");
        std::fs::write(examples.join("notices/status/subject.txt"), "[{{ reference }}] So").expect("writes");
        let fewer = Texts::idle_overrides(&examples).expect("reads");
        assert_eq!(fewer.len() + 1, idle.len());
    }

    #[tokio::test]
    async fn two_keys_differ() {
        let dir = tempfile::tempdir().expect("folder");
        let key = |name: &str| std::fs::read_to_string(dir.path().join(name).join(KEY_NAME)).expect("key");
        init(&dir.path().join("a"), 1).await.expect("writes");
        init(&dir.path().join("b"), 2).await.expect("writes");
        assert_ne!(key("a"), key("b"));
    }

    #[tokio::test]
    async fn what_exists_is_named_and_kept() {
        for name in [CONFIG_NAME, KEY_NAME, TEMPLATES_NAME] {
            let dir = tempfile::tempdir().expect("folder");
            let path = dir.path().join(name);
            std::fs::write(&path, "mine").expect("file");
            let error = init(dir.path(), 1).await.expect_err("refuses");
            assert_eq!(error.exit, Exit::Usage);
            assert!(error.message.contains(name), "{}", error.message);
            assert_eq!(std::fs::read_to_string(&path).expect("file"), "mine");
            let count = std::fs::read_dir(dir.path()).expect("folder").count();
            assert_eq!(count, 1, "nothing was written beside {name}");
        }
    }

    #[tokio::test]
    async fn a_dangling_link_is_not_followed() {
        let dir = tempfile::tempdir().expect("folder");
        let target = dir.path().join("elsewhere");
        std::os::unix::fs::symlink(&target, dir.path().join(KEY_NAME)).expect("link");
        assert_eq!(init(dir.path(), 1).await.expect_err("refuses").exit, Exit::Usage);
        assert!(!target.exists());
    }

    #[tokio::test]
    async fn a_folder_that_is_a_file_is_the_outsides_failure() {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("file");
        std::fs::write(&path, EXAMPLE).expect("file");
        let error = init(&path, 1).await.expect_err("refuses");
        assert_eq!(error.exit, Exit::Outside);
        assert_eq!(error.message.lines().count(), 1, "{}", error.message);
    }
}

//! Files that rows point to, such as recordings. Whatever a row says, nothing outside the configured root is opened or
//! deleted: no `..`, no absolute path elsewhere, no symbolic link that leads out, nothing but regular files.
//! See `domain/plan.rs`, `Files`.

use super::{ConnectorError, FileReader};
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

/// Opens `path` below `root` for the category of that name.
pub async fn open_below(category: &str, root: &Path, path: &str) -> Result<FileReader, ConnectorError> {
    let (_, found) = find_below(category, root, path).await?;
    Ok(Box::new(tokio::fs::File::open(&found).await.map_err(|error| failed(category, &error))?))
}

/// Deletes `path` below `root`, durably. Returns whether it was still there.
pub async fn remove_below(category: &str, root: &Path, path: &str) -> Result<bool, ConnectorError> {
    let (named, found) = match find_below(category, root, path).await {
        Err(ConnectorError::FileGone(_)) => return Ok(false),
        other => other?,
    };
    let said = |error: std::io::Error| failed(category, &error);
    tokio::fs::remove_file(&found).await.map_err(said)?;
    if named != found && tokio::fs::symlink_metadata(&named).await.is_ok_and(|link| link.is_symlink()) {
        tokio::fs::remove_file(&named).await.map_err(said)?;
    }
    // Without this a power cut could bring the file back, and no row would name it any more.
    if let Some(folder) = found.parent() {
        tokio::fs::File::open(folder).await.map_err(said)?.sync_all().await.map_err(said)?;
    }
    match tokio::fs::symlink_metadata(&found).await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(failed(category, &error)),
        Ok(_) => Err(ConnectorError::FileUnreadable {
            category: category.to_owned(),
            reason: "it is still there after it was deleted".to_owned(),
        }),
    }
}

/// The path as the row names it, and the regular file behind it.
async fn find_below(category: &str, root: &Path, path: &str) -> Result<(PathBuf, PathBuf), ConnectorError> {
    let escapes = || ConnectorError::FileEscapes(category.to_owned());
    let said = |error: std::io::Error| failed(category, &error);
    // An absent root is a lost mount, not thousands of deleted files: it must stop the work, not thin it out.
    let root_found = tokio::fs::canonicalize(root).await.map_err(|error| ConnectorError::FileUnreadable {
        category: category.to_owned(),
        reason: format!("the configured root: {}", error.kind()),
    })?;
    let relative = relative(root, path).ok_or_else(escapes)?;
    let named = root_found.join(relative);
    let found = tokio::fs::canonicalize(&named).await.map_err(said)?;
    if !found.starts_with(&root_found) {
        return Err(escapes());
    }
    // Asked before opening: opening a named pipe would wait for ever.
    if !tokio::fs::metadata(&found).await.map_err(said)?.is_file() {
        return Err(escapes());
    }
    Ok((named, found))
}

fn failed(category: &str, error: &std::io::Error) -> ConnectorError {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => ConnectorError::FileGone(category.to_owned()),
        kind => ConnectorError::FileUnreadable { category: category.to_owned(), reason: kind.to_string() },
    }
}

/// The path below the root, if it can lie there; rows may name it absolutely.
fn relative(root: &Path, path: &str) -> Option<PathBuf> {
    if path.is_empty() || path.contains('\0') {
        return None;
    }
    let path = Path::new(path);
    let path = path.strip_prefix(root).unwrap_or(path);
    path.components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        .then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{ConnectorError, open_below, remove_below};
    use std::path::Path;
    use tokio::io::AsyncReadExt;

    async fn outcome(root: &Path, path: &str) -> String {
        match open_below("recordings", root, path).await {
            Ok(mut file) => {
                let mut text = String::new();
                file.read_to_string(&mut text).await.expect("reads");
                text
            }
            Err(ConnectorError::FileEscapes(_)) => "escapes".to_owned(),
            Err(ConnectorError::FileGone(_)) => "gone".to_owned(),
            Err(other) => other.to_string(),
        }
    }

    #[tokio::test]
    async fn only_regular_files_below_the_root_are_opened() {
        let home = tempfile::tempdir().expect("makes a folder");
        let root = home.path().join("recordings");
        std::fs::create_dir_all(root.join("2025")).expect("makes folders");
        std::fs::write(root.join("2025/a.wav"), "inside").expect("writes");
        std::fs::write(home.path().join("secret"), "outside").expect("writes");
        std::os::unix::fs::symlink(home.path().join("secret"), root.join("link")).expect("links");
        std::os::unix::fs::symlink(home.path(), root.join("up")).expect("links");
        std::os::unix::fs::symlink(root.join("2025/a.wav"), root.join("inner")).expect("links");
        let absolute = root.join("2025/a.wav");

        let cases = [
            ("2025/a.wav", "inside"),
            ("./2025/a.wav", "inside"),
            (absolute.to_str().expect("is text"), "inside"),
            ("inner", "inside"),
            ("../secret", "escapes"),
            ("2025/../../secret", "escapes"),
            ("/etc/passwd", "escapes"),
            ("link", "escapes"),
            ("up/secret", "escapes"),
            ("2025", "escapes"),
            ("", "escapes"),
            ("a\0b", "escapes"),
            ("2025/b.wav", "gone"),
            ("2025/a.wav/x", "gone"),
            ("..\\secret", "gone"),
        ];
        for (path, expected) in cases {
            assert_eq!(outcome(&root, path).await, expected, "{path:?}");
        }
        let lost = outcome(&home.path().join("unmounted"), "2025/a.wav").await;
        assert!(lost.contains("the configured root"), "{lost}");
    }

    #[tokio::test]
    async fn only_the_named_file_below_the_root_is_deleted() {
        let home = tempfile::tempdir().expect("makes a folder");
        let root = home.path().join("recordings");
        std::fs::create_dir_all(&root).expect("makes folders");
        for file in ["a.wav", "b.wav", "c.wav"] {
            std::fs::write(root.join(file), "inside").expect("writes");
        }
        std::fs::write(home.path().join("secret"), "outside").expect("writes");
        std::os::unix::fs::symlink(home.path().join("secret"), root.join("link")).expect("links");
        std::os::unix::fs::symlink(root.join("b.wav"), root.join("inner")).expect("links");
        let removed = async |path: &str| remove_below("recordings", &root, path).await;
        assert!(removed("a.wav").await.expect("deletes"));
        assert!(!removed("a.wav").await.expect("is gone"));
        assert!(removed("inner").await.expect("deletes what the link leads to"));
        for path in ["link", "../secret", "/etc/hostname", ".", ""] {
            assert!(matches!(removed(path).await, Err(ConnectorError::FileEscapes(_))), "{path:?}");
        }
        let mut left: Vec<_> = std::fs::read_dir(&root)
            .expect("reads")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
            .collect();
        left.sort();
        assert_eq!(left, ["c.wav", "link"]);
        assert!(home.path().join("secret").exists());
        let unmounted = remove_below("recordings", &home.path().join("away"), "a.wav").await;
        assert!(matches!(unmounted, Err(ConnectorError::FileUnreadable { .. })), "{unmounted:?}");
    }
}

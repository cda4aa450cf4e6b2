//! The Unix socket of a daemon: where it is, also where the home's path is too long for one.
//!
//! A socket address holds 107 bytes of path. A longer home gets its socket in a folder of the user's own under
//! `XDG_RUNTIME_DIR` or the temporary folder, named by a hash of the home, so that commands find it again.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use lyceum_protocol::hash::sha256;

use super::Home;
use crate::durable;

/// The longest path of a socket, in bytes: 108 with the zero on Linux, 104 on macOS.
const PATH_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Why there is no place for a socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketFault {
    /// The home's path is too long, and so is every other place.
    #[error("the path of the home is too long for a socket ({0} bytes)")]
    TooLong(usize),
    /// The folder that would hold it cannot be made, or is not ours alone.
    #[error("cannot use {folder} for the socket")]
    Folder {
        /// The folder.
        folder: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

/// Where the socket of a home is.
///
/// # Errors
/// [`SocketFault`].
pub fn path(home: &Home) -> Result<PathBuf, SocketFault> {
    let own = home.socket_file();
    if fits(&own) {
        return Ok(own);
    }
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let places = runtime.into_iter().chain([std::env::temp_dir(), PathBuf::from("/tmp")]);
    elsewhere(home, places)
}

fn elsewhere(home: &Home, places: impl Iterator<Item = PathBuf>) -> Result<PathBuf, SocketFault> {
    let hash = data_encoding::HEXLOWER.encode(&sha256(&[home.folder().as_os_str().as_bytes()]));
    let name = format!("{}.socket", hash.get(..16).unwrap_or(&hash));
    for place in places {
        let folder = place.join(format!("lyceum-{}", user_of(home)));
        let socket = folder.join(&name);
        if fits(&socket) {
            own_folder(&folder).map_err(|cause| SocketFault::Folder { folder: folder.display().to_string(), cause })?;
            return Ok(socket);
        }
    }
    Err(SocketFault::TooLong(home.socket_file().as_os_str().len()))
}

fn fits(path: &Path) -> bool {
    path.as_os_str().len() <= PATH_MAX
}

/// The user who owns the home, or its nearest parent that is there.
fn user_of(home: &Home) -> u32 {
    home.folder().ancestors().find_map(|folder| folder.metadata().ok()).map_or(0, |metadata| metadata.uid())
}

/// A folder of mode 0700 that is no link and belongs to the user: others write in the temporary folder too.
fn own_folder(folder: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(folder) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => durable::private_folder(folder)?,
        Err(fault) => return Err(fault),
        Ok(_) => {}
    }
    let metadata = std::fs::symlink_metadata(folder)?;
    let user = rustix::process::geteuid().as_raw();
    if !metadata.is_dir() || metadata.uid() != user || metadata.permissions().mode() & 0o077 != 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is not a folder of this user alone"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_home_has_its_socket_inside() {
        assert_eq!(path(&Home::at("/srv/lyceum")).unwrap(), Path::new("/srv/lyceum/socket"));
    }

    #[test]
    fn a_long_home_has_its_socket_elsewhere_and_always_at_the_same_place() {
        let place = tempfile::tempdir().unwrap();
        let long = Home::at(place.path().join("x".repeat(90)).join("y".repeat(20)));
        let socket = elsewhere(&long, [place.path().to_path_buf()].into_iter()).unwrap();
        assert!(socket.as_os_str().len() <= PATH_MAX && socket.starts_with(place.path()));
        assert_eq!(elsewhere(&long, [place.path().to_path_buf()].into_iter()).unwrap(), socket);
        let mode = std::fs::metadata(socket.parent().unwrap()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_folder_that_others_can_enter_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let long = Home::at(place.path().join("x".repeat(110)));
        let open = place.path().join(format!("lyceum-{}", user_of(&long)));
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o755)).unwrap();
        let fault = elsewhere(&long, [place.path().to_path_buf()].into_iter()).unwrap_err();
        assert!(matches!(fault, SocketFault::Folder { .. }), "{fault}");
    }

    #[test]
    fn where_no_place_is_short_enough_it_says_so() {
        let long = Home::at(PathBuf::from("/").join("x".repeat(200)));
        let fault = elsewhere(&long, [PathBuf::from("/").join("y".repeat(120))].into_iter()).unwrap_err();
        assert!(matches!(fault, SocketFault::TooLong(_)), "{fault}");
    }
}

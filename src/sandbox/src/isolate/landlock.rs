//! Landlock: of all files only those of the private folder.
//!
//! Descriptors that the gateway sends stay usable, since Landlock asks when a file is opened.

use std::io;
use std::path::Path;

use ::landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, PathBeneath,
    PathFd, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
};

/// What must be held back, or the layer does not stand: everything that the first version knows.
const REQUIRED: ABI = ABI::V1;
/// What is held back, too, where the kernel can: TCP, abstract sockets, signals to others.
const WANTED: ABI = ABI::V6;

/// Closes all files but those of a folder to this process and its threads to come.
pub(super) fn close_all_but(folder: &Path) -> io::Result<()> {
    // Its descriptor is opened before the door is shut.
    let folder = PathFd::new(folder).map_err(io::Error::other)?;
    let status = restrict(folder).map_err(io::Error::other)?;
    if status == RulesetStatus::NotEnforced {
        return Err(io::ErrorKind::Unsupported.into());
    }
    Ok(())
}

fn restrict(folder: PathFd) -> Result<RulesetStatus, RulesetError> {
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(REQUIRED))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))?
        .handle_access(AccessNet::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()?
        .add_rule(PathBeneath::new(folder, own()))?
        .restrict_self()?;
    Ok(status.ruleset)
}

/// What a worker may do in its own folder: plain files and folders.
fn own() -> BitFlags<AccessFs> {
    AccessFs::ReadFile
        | AccessFs::ReadDir
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Refer
}

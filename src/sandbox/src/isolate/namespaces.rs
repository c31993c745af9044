//! Namespaces of its own: no network device, no shared memory of others, no rights.

use std::io;

use rustix::process::Signal;
use rustix::thread::{CapabilitySet, CapabilitySets, UnshareFlags};

/// Leaves the namespaces of the machine's users, network and shared memory.
///
/// # Order
/// While the process has one thread, as `user_namespaces(7)` asks. Who enters a user namespace has
/// all capabilities in it, so [`give_up_capabilities`] comes after.
#[expect(unsafe_code, reason = "unshare can take descriptors apart; these flags do not")]
pub(super) fn leave() -> io::Result<()> {
    let flags = UnshareFlags::NEWUSER | UnshareFlags::NEWNET | UnshareFlags::NEWIPC;
    // SAFETY: `CLONE_FILES`, for which this is unsafe, is not among the flags.
    unsafe { rustix::thread::unshare_unsafe(flags) }?;
    // The kernel forgets this when credentials change in some ways; saying it twice costs nothing.
    Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?)
}

/// Gives up every capability, for good: without exec there is no way to get one back.
pub(super) fn give_up_capabilities() -> io::Result<()> {
    let none = CapabilitySet::empty();
    let none = CapabilitySets { effective: none, permitted: none, inheritable: none };
    Ok(rustix::thread::set_capabilities(None, none)?)
}

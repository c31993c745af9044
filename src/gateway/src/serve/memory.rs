//! Is there enough memory for all workers at one time?
//!
//! Where there is not, the kernel ends processes when it is used up, and the gateway may be one of
//! them. Nobody but the operator can know how many queries come together, so this only warns.

use std::fs;

use sandbox::ProcessLimits;

use crate::settings::Settings;

/// Where Linux says how much memory this process can have: the machine's, and its cgroup's.
const LIMITS: [(&str, u64); 3] = [
    ("/proc/meminfo", 1 << 10),
    ("/sys/fs/cgroup/memory.max", 1),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", 1),
];

/// Warns in the server's log where all workers together may take more memory than there is.
pub(super) fn warn_if_short(settings: &Settings) {
    let limits = LIMITS.iter().filter_map(|(file, unit)| {
        let text = fs::read_to_string(file).ok()?;
        first_number(&text)?.checked_mul(*unit)
    });
    if let Some(warning) = limits.min().and_then(|there| shortage(settings, there)) {
        tracing::warn!("{warning}");
    }
}

/// The first number of a text: of `/proc/meminfo`, its first line's `MemTotal` in KiB.
fn first_number(text: &str) -> Option<u64> {
    text.lines().next()?.split_whitespace().find_map(|word| word.parse().ok())
}

/// What to tell the operator, where the workers may take more than there is.
fn shortage(settings: &Settings, there_bytes: u64) -> Option<String> {
    let all = |count: usize, memory_bytes: u64| {
        let one = ProcessLimits::for_data(memory_bytes, 0).memory_bytes;
        one.saturating_mul(u64::try_from(count).unwrap_or(u64::MAX))
    };
    let workers = &settings.workers;
    let queries = all(workers.workers_max, settings.limits.memory_bytes);
    let publications = all(workers.publishers_max, settings.publish.memory_bytes);
    let needed_bytes = queries.saturating_add(publications);
    (there_bytes < needed_bytes).then(|| {
        format!(
            "all workers together may take {} MiB of memory, and there are {} MiB: lower \
             workers.workers_max ({}) or limits.memory_bytes ({}), of which queries may take {} \
             MiB, or workers.publishers_max ({}) or publish.memory_bytes ({}), of which \
             publications may take {} MiB",
            needed_bytes >> 20,
            there_bytes >> 20,
            workers.workers_max,
            settings.limits.memory_bytes,
            queries >> 20,
            workers.publishers_max,
            settings.publish.memory_bytes,
            publications >> 20,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_memory_is_read_as_linux_writes_it() {
        let meminfo = "MemTotal:       24033728 kB\nMemFree:        19121884 kB\n";

        assert_eq!(first_number(meminfo), Some(24_033_728));
        assert_eq!(first_number("9223372036854771712\n"), Some(9_223_372_036_854_771_712));
        assert_eq!(first_number("max\n"), None);
        assert_eq!(first_number(""), None);
    }

    #[test]
    fn a_shortage_names_the_settings_that_end_it() {
        let mut settings = Settings::default();
        settings.workers.workers_max = 4;
        settings.limits.memory_bytes = 1_000 << 20;
        settings.workers.publishers_max = 1;
        settings.publish.memory_bytes = 500 << 20;

        let enough = shortage(&settings, 8_160 << 20);
        let short = shortage(&settings, (8_160 << 20) - 1).unwrap();

        assert_eq!(enough, None);
        assert_eq!(
            short,
            "all workers together may take 8160 MiB of memory, and there are 8159 MiB: lower \
             workers.workers_max (4) or limits.memory_bytes (1048576000), of which queries may take \
             7168 MiB, or workers.publishers_max (1) or publish.memory_bytes (524288000), of which \
             publications may take 992 MiB"
        );
    }
}

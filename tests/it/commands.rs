//! The command line: every local command with a server and without, what it prints, how it ends.

use serde_json::Value;

use crate::furniture;
use crate::room::{Folder, PROGRAM, Room, command, run, text};

/// What stewards type, in the order in which a day of theirs goes; gives what was printed.
fn steward(folder: &Folder) -> Vec<String> {
    let file =
        folder.delivery("traders.ndjson", furniture::ndjson(&[furniture::trader("t-1", "DE")]));
    let file = file.to_str().unwrap();
    let publish = |more: &[&str]| folder.done(&[&["publish", "traders", file], more].concat());
    let checked = publish(&["--as-of", "2024-10-01", "--dry-run"]);
    let published = publish(&["--as-of", "2024-10-01"]);
    let two = furniture::ndjson(&[furniture::trader("t-1", "DE"), furniture::trader("t-2", "CN")]);
    folder.delivery("traders.ndjson", two);
    let staged = publish(&["--as-of", "2024-10-02", "--stage"]);
    let listed = folder.json(&["snapshots", "list", "traders"]);
    let newest = listed[0]["id"].as_str().unwrap();
    let shown = folder.done(&["snapshots", "show", "traders", newest]);
    let verified = folder.done(&["snapshots", "verify", "traders", newest]);
    let activated =
        folder.done(&["snapshots", "activate", "traders", newest, "--reason", "checked by hand"]);
    let editions = folder.done(&["editions", "list"]);
    let edition = folder.done(&["editions", "show", "e-2"]);
    let snapshots = folder.done(&["snapshots", "list", "traders"]);
    vec![checked, published, staged, shown, verified, activated, editions, edition, snapshots]
}

/// What registrars type; gives what was printed.
fn registrar(folder: &Folder) -> Vec<String> {
    let created = folder.create_project("Fair trade", "2099-12-31", &["--actor", "rita"]);
    let project = created.trim();
    let of = |words: &[&str]| folder.done(&[words, &["--project", project]].concat());
    let member = of(&["member", "add", "--subject", "ada"]);
    let grant = of(&["grant", "add", "--dataset", "traders", "--columns", "trader_id,country"]);
    let token = of(&["token", "issue", "--subject", "ada", "--role", "researcher"]);
    let grants = of(&["grant", "list"]);
    let listed = folder.done(&["project", "list"]);
    let shown = folder.done(&["project", "show", project]);
    let suspended = folder.done(&["project", "suspend", project, "--reason", "a doubt"]);
    let lifted = folder.done(&["project", "suspend", project, "--lift", "--reason", "none"]);
    let revoked = of(&["grant", "revoke", grant.trim(), "--reason", "a test"]);
    let token_revoked = folder.done(&["token", "revoke", "--subject", "ada"]);
    let removed = of(&["member", "remove", "--subject", "ada"]);
    let closed = folder.done(&["project", "close", project, "--reason", "done"]);
    vec![
        member,
        grant,
        token,
        grants,
        listed,
        shown,
        suspended,
        lifted,
        revoked,
        token_revoked,
        removed,
        closed,
    ]
}

/// The words of an output without ids, times, tokens and digests, which differ from run to run.
fn shape(printed: &str) -> Vec<String> {
    let differs = |word: &&str| word.len() > 24 || word.bytes().any(|byte| byte.is_ascii_digit());
    printed.split_whitespace().filter(|word| !differs(word)).map(str::to_owned).collect()
}

/// One code path: who types a command need not know whether a server runs.
#[test]
fn every_local_command_does_the_same_with_and_without_a_server() {
    let alone = Folder::new();
    let served = Folder::new().serve();

    let printed_alone = [steward(&alone), registrar(&alone)].concat();
    let printed_served = [steward(&served.folder), registrar(&served.folder)].concat();

    assert!(printed_alone.iter().all(|printed| !printed.trim().is_empty()), "{printed_alone:?}");
    for (alone, served) in printed_alone.iter().zip(&printed_served) {
        assert_eq!(shape(alone), shape(served), "{alone}\n{served}");
    }
    assert!(alone.verify_log().status.success());
    let room = alone.serve();
    assert_eq!(room.editions(), 2, "what was done without a server is there");
}

/// The log says who typed, as the operator gave it, without naming anybody.
#[test]
fn what_is_typed_is_the_operators_act() {
    let room = Room::empty();
    registrar(&room.folder);

    let project = &room.entries("project")[0];

    assert_eq!(project["role"], "operator");
    assert!(project["actor"].as_str().unwrap().starts_with("c:"), "{project}");
    assert!(!project.to_string().contains("rita"));
}

/// A Unix socket's address has room for a hundred bytes; folders lie deeper than that.
#[test]
fn a_data_folder_may_lie_deep() {
    let deep = ["a-folder-with-a-name-of-some-length"; 5].join("/");
    let folder = Folder::named(&deep, "");
    assert!(150 < folder.path().as_os_str().len());
    furniture::publish_traders(&folder);

    let room = folder.serve();

    let shown = room.folder.json(&["snapshots", "list", "traders"]);
    assert_eq!(shown.as_array().unwrap().len(), 1);
    assert_eq!(
        room.granted("ada", &["traders"]).csv("SELECT count(*) AS n FROM traders"),
        "n\r\n2\r\n"
    );
}

/// The commands under some words, as the help lists them.
fn commands(words: &[&str]) -> Vec<String> {
    let help = text(&run(&[words, &["--help"]].concat()).stdout);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = listed
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// Nobody should have to read a manual for a first try.
#[test]
fn the_help_of_every_command_has_an_example() {
    let mut leaves = 0;
    for name in commands(&[]) {
        let below = commands(&[&name]);
        let paths = match below.is_empty() {
            true => vec![vec![name.as_str()]],
            false => below.iter().map(|below| vec![name.as_str(), below.as_str()]).collect(),
        };
        for mut path in paths {
            let example = format!("readingroom {}", path.join(" "));
            path.push("--help");
            let help = text(&run(&path).stdout);
            assert!(help.contains("Example") && help.contains(&example), "{example}: {help}");
            leaves += 1;
        }
    }
    assert!(20 < leaves, "{leaves}");
}

/// No codebook has a column of the class `identifier` whose pseudonyms a grant could undo.
#[test]
fn a_grant_says_what_the_registrar_should_know_of_it() {
    let folder = Folder::new();
    let project = folder.create_project("Fair trade", "2099-12-31", &[]);
    let words = ["grant", "add", "--project", project.trim(), "--dataset", "traders", "--json"];

    let granted = folder.run(&words);

    let grant: Value = serde_json::from_str(&text(&granted.stdout)).unwrap();
    assert_eq!(grant["dataset"], "traders");
    assert_eq!(grant["warnings"], serde_json::json!([]));
    assert!(!text(&granted.stderr).contains("warning"), "{}", text(&granted.stderr));
}

#[test]
fn wrong_usage_ends_with_two_and_a_refusal_with_one() {
    let folder = Folder::new();
    let code = |words: &[&str]| folder.run(words).status.code();

    assert_eq!(code(&["project", "list"]), Some(0));
    assert_eq!(code(&["project", "show", "p-nothing"]), Some(1));
    assert_eq!(code(&["project", "list", "--colour"]), Some(2));
    assert_eq!(code(&["publish", "listings"]), Some(2));
    assert_eq!(run(&["dance"]).status.code(), Some(2));
    assert_eq!(run(&["project", "list"]).status.code(), Some(2), "neither a folder nor a server");
    assert_eq!(run(&["worker"]).status.code(), Some(1), "a worker has no work without its socket");
}

/// Runs a query on a room's server, as a caller with this token.
fn query(room: &Room, token: &str, words: &[&str]) -> (Option<i32>, String, String) {
    let words = [&["query", "--url", &room.url], words].concat();
    let output = command(&words).env("READINGROOM_TOKEN", token).output().unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The first thing a researcher sees.
#[test]
fn an_answer_is_drawn_as_an_aligned_table_with_types_and_a_footer() {
    let room = Room::furnished();
    let token = room.granted("ada", &["listings"]).token.unwrap();
    let sql = "SELECT listing_id, price_eur, age_restricted FROM listings WHERE listing_id <> 'l-4' ORDER BY listing_id";

    let (code, printed, _) = query(&room, &token, &[sql]);

    let lines: Vec<_> = printed.lines().map(str::trim_end).collect();
    assert_eq!(code, Some(0));
    assert_eq!(
        lines[..5],
        [
            "listing_id  price_eur  age_restricted",
            "string        decimal  boolean",
            "l-1             12.50  false",
            "l-2              8.00  false",
            "l-3              0.99  false",
        ]
    );
    let footer = lines.last().unwrap();
    assert!(
        footer.starts_with("3 rows, ") && footer.contains(" ms, edition e-2, log index "),
        "{footer}"
    );
}

#[test]
fn a_query_takes_parameters_a_day_a_form_and_a_file() {
    let room = Room::furnished();
    furniture::publish_listings(&room.folder, "2024-11-01", &furniture::listings()[..1]);
    let token = room.granted("ada", &["listings"]).token.unwrap();
    let count = "SELECT count(*) AS n FROM listings WHERE trader_id = ANY($1)";
    let file = room.folder.beside().join("answer.parquet");

    let with = |words: &[&str]| {
        query(&room, &token, &[&[count, "--param", "[\"t-1\",\"t-2\"]"], words].concat())
    };
    let newest = with(&["--format", "csv"]);
    let earlier = with(&["--format", "json", "--as-of", "2024-10-01"]);
    let dry = with(&["--dry-run"]);
    let kept = with(&["--format", "parquet", "--out", file.to_str().unwrap()]);
    let refused = query(&room, &token, &["SELECT x FROM listings"]);

    assert_eq!(newest.1, "n\r\n1\r\n");
    assert_eq!(serde_json::from_str::<Value>(&earlier.1).unwrap()["rows"][0][0], 4);
    assert!(serde_json::from_str::<Value>(&dry.1).unwrap()["scan_bytes"].is_u64(), "{dry:?}");
    assert!(std::fs::read(&file).unwrap().starts_with(b"PAR1"), "{kept:?}");
    assert_eq!(refused.0, Some(1));
    assert!(
        refused.2.starts_with("column_unknown: ") || refused.2.contains(" column_unknown: "),
        "{refused:?}"
    );
    assert!(refused.2.contains("(line 1, column 8)"), "{refused:?}");
}

/// SQL may begin with a comment, which begins as flags do.
#[test]
fn a_query_may_begin_with_hyphens() {
    let room = Room::furnished();
    let token = room.granted("ada", &["listings"]).token.unwrap();
    let sql = "-- how many = a lot\nSELECT count(*) AS n FROM listings";

    let after = query(&room, &token, &[sql, "--format", "csv", "--as-of", "2024-10-01"]);
    let before = query(&room, &token, &["--format", "csv", sql]);
    let negative = query(&room, &token, &["-1 + 2"]);
    let unknown = query(&room, &token, &["SELECT 1", "--formatt", "csv"]);

    assert_eq!((after.0, after.1.as_str()), (Some(0), "n\r\n4\r\n"), "{after:?}");
    assert_eq!((before.0, before.1.as_str()), (Some(0), "n\r\n4\r\n"), "{before:?}");
    assert!(negative.2.contains("sql_invalid"), "{negative:?}");
    assert_eq!(unknown.0, Some(2), "{unknown:?}");
}

/// Commands that only look need no token.
#[test]
fn the_catalogue_is_shown_to_anyone() {
    let room = Room::furnished();
    let show = |words: &[&str]| {
        let output = run(&[words, &["--url", &room.url]].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };

    let datasets = show(&["datasets"]);
    let codebook = show(&["codebook", "listings"]);

    let listings = datasets.lines().find(|line| line.starts_with("listings ")).unwrap();
    assert!(
        listings.contains(&room.current("listings")) && listings.contains("2024-10-01"),
        "{datasets}"
    );
    assert!(
        codebook.lines().any(|line| line.starts_with("price_eur") && line.contains("decimal")),
        "{codebook}"
    );
    let json: Value = serde_json::from_str(&show(&["datasets", "--json"])).unwrap();
    let served = room.nobody().json("/v1/datasets");
    assert_eq!(json, served["datasets"]);
}

/// A steward far away does the same over HTTP, with a token.
#[test]
fn a_steward_and_a_registrar_may_work_from_elsewhere() {
    let room = Room::furnished();
    let [steward, registrar] = ["steward", "registrar"].map(|role| room.role(role).token.unwrap());
    let far = |token: &str, words: &[&str]| {
        let words = [words, &["--url", &room.url]].concat();
        let output = command(&words).env("READINGROOM_TOKEN", token).output().unwrap();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let file = room.folder.delivery("l.ndjson", furniture::ndjson(&furniture::listings()[..1]));

    let published =
        far(&steward, &["publish", "listings", file.to_str().unwrap(), "--as-of", "2024-11-01"]);
    let listed = far(&registrar, &["project", "list", "--json"]);
    let crossed = far(&registrar, &["publish", "listings", file.to_str().unwrap()]);

    assert_eq!(published.0, Some(0), "{}", published.1);
    assert!(published.1.contains("1 rows read"), "{}", published.1);
    assert_eq!((listed.0, listed.1.trim()), (Some(0), "[]"));
    assert_eq!(crossed.0, Some(1));
    assert!(crossed.1.contains("not_permitted"), "{}", crossed.1);
}

/// `generate` is what `demo` publishes: the same seed, the same bytes.
#[test]
fn a_world_is_the_same_for_the_same_seed() {
    let dir = tempfile::tempdir().unwrap();
    let worlds = ["one", "two"].map(|name| dir.path().join(name));
    for world in &worlds {
        let made =
            run(&["generate", "--out", world.to_str().unwrap(), "--scale", "small", "--seed", "7"]);
        assert!(made.status.success(), "{PROGRAM}: {}", text(&made.stderr));
    }

    let trees = worlds.map(|world| crate::log::files_below(&world));

    assert!(5 <= trees[0].len(), "{trees:?}");
    for (one, two) in trees[0].iter().zip(&trees[1]) {
        assert_eq!(one.file_name(), two.file_name());
        assert!(std::fs::read(one).unwrap() == std::fs::read(two).unwrap(), "{}", one.display());
    }
}

//! Rates and budgets: who asks too much waits, and nobody else does.

use serde_json::{Value, json};

use crate::caller::{Answer, Caller, problem};
use crate::furniture;
use crate::room::{Folder, Room};

const COUNT: &str = "SELECT count(*) AS n FROM listings";

fn room(settings: &str) -> Room {
    let room = Folder::configured(settings).serve();
    furniture::publish(&room.folder);
    room
}

/// What is left of a policy, as the header of a response says.
fn left(answer: &Answer, policy: &str) -> String {
    let fields = answer.header("ratelimit");
    let item = fields.split(", ").find(|item| item.starts_with(&format!("\"{policy}\"")));
    item.unwrap_or_else(|| panic!("{policy} in {fields}")).to_owned()
}

fn me(caller: &Caller<'_>) -> Answer {
    Answer::of(caller.get("/v1/me"))
}

/// A burst is welcome; what comes after it waits, and is told how long.
#[test]
fn the_request_after_a_full_burst_is_told_to_wait() {
    let room =
        room("[rate_limits]\nprincipal_requests = 3\nproject_requests = 100\nwindow_s = 7200\n");
    let ada = room.granted("ada", &["listings"]);
    let eve = room.granted("eve", &["listings"]);

    let burst = [(); 3].map(|()| me(&ada));
    let after = ada.get("/v1/me");

    let policies = burst[0].header("ratelimit-policy");
    assert!(policies.contains("\"principal\";q=3;w=7200, \"project\";q=100;w=7200"), "{policies}");
    let remaining = burst.each_ref().map(|answer| left(answer, "principal"));
    assert!(remaining[0].starts_with("\"principal\";r=2;t="), "{remaining:?}");
    assert!(remaining[2].starts_with("\"principal\";r=0;t="), "{remaining:?}");
    let wait_s: u64 = after.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=2400).contains(&wait_s), "a third of the window at most: {wait_s}");
    assert!(
        after.headers().contains_key("ratelimit")
            && after.headers().contains_key("ratelimit-policy")
    );
    let problem = problem(after);
    assert_eq!((&problem["code"], &problem["status"]), (&json!("rate_limited"), &json!(429)));
    assert_eq!(problem["violated-policies"], json!(["principal"]));
    assert_eq!(problem["retry_after_s"], wait_s);
    assert_eq!(me(&eve).status, 200, "another project is not affected");
}

/// The members of a project share its rate; those of another have their own.
#[test]
fn a_projects_rate_is_shared_by_its_members() {
    let room =
        room("[rate_limits]\nprincipal_requests = 3\nproject_requests = 4\nwindow_s = 7200\n");
    let (project, ada) = room.project_of("ada", &["listings"]);
    room.folder.done(&["member", "add", "--project", &project, "--subject", "bob"]);
    let bob = room.researcher("bob", &project);
    let eve = room.granted("eve", &["listings"]);
    (0..3).for_each(|_| assert_eq!(me(&ada).status, 200));
    assert_eq!(me(&bob).status, 200);

    let refused = problem(bob.get("/v1/me"));

    assert_eq!(refused["violated-policies"], json!(["project"]));
    assert_eq!(me(&eve).status, 200);
}

/// Other people's mistakes never use up mine: requests without a valid token count for nobody.
#[test]
fn refused_tokens_use_up_nobodys_rate() {
    let room =
        room("[rate_limits]\nprincipal_requests = 2\nproject_requests = 2\nwindow_s = 7200\n");
    let ada = room.granted("ada", &["listings"]);
    let forged = format!("{}x", ada.token.as_deref().unwrap());

    for _ in 0..20 {
        assert_eq!(me(&room.bearer(&forged)).status, 401);
        assert_eq!(me(&room.nobody()).status, 401);
    }

    assert_eq!([(); 3].map(|()| me(&ada).status), [200, 200, 429]);
}

/// The budget of queries, which a failed question does not touch and a restart does not refill.
#[test]
fn a_days_queries_are_counted_across_a_restart() {
    let room = room("[daily_budget]\nqueries = 2\n");
    let (project, ada) = room.project_of("ada", &["listings"]);
    ada.problem("SELECT CAST(title AS BIGINT) FROM listings");
    ada.problem("SELECT nothing FROM listings");
    assert_eq!([COUNT, COUNT].map(|sql| ada.ask(sql).status().as_u16()), [200, 200]);
    quota_exceeded(&ada, "query-day", 2);

    let room = room.stop().serve();

    let ada = room.researcher("ada", &project);
    quota_exceeded(&ada, "query-day", 2);
    assert_eq!(ada.json("/v1/me")["budget"]["queries"], json!({"allowed": 2, "left": 0}));
    assert_eq!(
        room.granted("eve", &["listings"]).ask(COUNT).status(),
        200,
        "another project has its own"
    );
}

/// Checks that a question meets a budget that is used up.
fn quota_exceeded(caller: &Caller<'_>, policy: &str, allowed: u64) {
    let refused = caller.ask(COUNT);
    let wait_s: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=86_400).contains(&wait_s), "until midnight at most: {wait_s}");
    let problem = problem(refused);
    assert_eq!((&problem["code"], &problem["status"]), (&json!("quota_exceeded"), &json!(429)));
    assert_eq!(problem["violated-policies"], json!([policy]));
    assert_eq!(problem["limit"]["allowed"], allowed);
}

/// What a plan would read is kept back before it runs.
#[test]
fn a_days_scanned_bytes_end_too() {
    let room = room("[daily_budget]\nscan_bytes = 1\n");
    let ada = room.granted("ada", &["listings"]);

    let problem = ada.problem("SELECT title FROM listings");

    assert_eq!(problem["code"], "quota_exceeded");
    assert_eq!(problem["limit"]["name"], "scan-day");
    assert_eq!(room.entries("denied")[0]["code"], "quota_exceeded");
    assert_eq!(room.entries("intent"), Vec::<Value>::new(), "nothing ran");
}

/// A dry run costs nothing.
#[test]
fn a_question_that_is_only_planned_is_not_charged() {
    let room = room("[daily_budget]\nqueries = 1\n");
    let ada = room.granted("ada", &["listings"]);

    for _ in 0..3 {
        let dry = ada.ask_with(&json!({"sql": COUNT, "dry_run": true}), "application/json");
        assert_eq!(dry.status(), 200);
    }

    assert_eq!(ada.csv(COUNT), "n\r\n4\r\n");
}

/// A project that runs as many queries as it may at one time waits for one to end.
#[test]
fn parallel_queries_of_a_project_are_bounded() {
    let room = room(
        "[rate_limits]\nprincipal_requests = 100000\nproject_requests = 100000\nparallel = 1\n",
    );
    let ada = room.granted("ada", &["listings"]);
    let eve = room.granted("eve", &["listings"]);
    let running = ada.send(&furniture::endless());

    let refused = ada.problem(COUNT);

    assert_eq!(refused["violated-policies"], json!(["parallel"]));
    assert_eq!(eve.csv(COUNT), "n\r\n4\r\n", "another project has its own");
    ada.delete(&format!("/v1/queries/{running}"));
    ada.ended(&running);
    assert_eq!(ada.csv(COUNT), "n\r\n4\r\n");
}

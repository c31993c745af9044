//! Grouping by columns of codes: the answers are those of any text.

use domain::codebook::Category;

use super::world::World;

/// Questions whose groups are made of `member_state`, `advertiser` or `ad_id`, by all roads.
const QUESTIONS: &[&str] = &[
    "SELECT member_state, count(*) AS n, sum(recipients) AS r FROM ad_reach GROUP BY 1 ORDER BY 1",
    "SELECT advertiser, count(*) AS n FROM ads GROUP BY 1 ORDER BY 1 NULLS FIRST",
    "SELECT DISTINCT member_state FROM ad_reach ORDER BY 1",
    "SELECT ad_id, member_state, max(day) AS d FROM ad_reach GROUP BY 2, 1 ORDER BY 1, 2",
    "SELECT day, member_state, ad_id, count(*) AS n FROM ad_reach GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    "SELECT a.advertiser, a.ad_id, r.member_state, r.ad_id AS again, b.advertiser AS other, \
     median(r.recipients) AS m FROM ads a JOIN ad_reach r ON r.ad_id = a.ad_id \
     LEFT JOIN ads b ON b.ad_id = r.ad_id GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5",
    "SELECT member_state, count(DISTINCT ad_id) AS n FROM ad_reach GROUP BY 1 ORDER BY n, 1",
    "SELECT member_state, count(*) AS n FROM ad_reach WHERE member_state <> 'FR' GROUP BY 1 \
     HAVING min(member_state) = 'DE' ORDER BY 1",
    "SELECT member_state, count(*) FILTER (WHERE ad_id = 'A1') AS n FROM ad_reach GROUP BY 1 ORDER BY 1",
    "SELECT member_state, ad_id, grouping(ad_id) AS g, count(*) AS n FROM ad_reach \
     GROUP BY ROLLUP (member_state, ad_id) ORDER BY 1, 2, 3",
    "SELECT s.member_state, t.n FROM ad_reach s JOIN (SELECT member_state, count(*) AS n FROM ad_reach \
     GROUP BY 1) t ON t.member_state = s.member_state WHERE s.ad_id = 'A1' ORDER BY 1, 2",
    "SELECT m, count(*) AS n FROM (SELECT member_state AS m, ad_id FROM ad_reach GROUP BY 1, 2 \
     UNION ALL SELECT advertiser, ad_id FROM ads) u GROUP BY 1 ORDER BY 1",
    "SELECT x.member_state, count(*) AS n FROM (SELECT member_state, day FROM ad_reach \
     GROUP BY 1, 2) x GROUP BY 1 ORDER BY 1 DESC LIMIT 2",
    "SELECT member_state FROM ad_reach GROUP BY 1 ORDER BY 1 LIMIT 1",
];

/// A world whose codebooks list the values of some columns, or say that they do.
fn coded() -> World {
    let mut world = World::open();
    let listed = |value: &str| Category::Code(value.to_owned());
    for (dataset, columns) in
        [("ads", ["advertiser", "ad_id"]), ("ad_reach", ["member_state", "ad_id"])]
    {
        for mounted in &mut world.mount_mut(dataset).fields {
            if columns.contains(&mounted.field.name.as_str()) {
                mounted.field.categories = Some(vec![listed("DE")]);
            }
        }
    }
    world
}

#[test]
fn groups_by_codes_are_the_groups_by_text() {
    let (plain, coded) = (World::open(), coded());
    for sql in QUESTIONS {
        let expected = plain.rows(sql);

        assert!(!expected.is_empty(), "{sql}");
        assert_eq!(coded.rows(sql), expected, "{sql}");
    }
}

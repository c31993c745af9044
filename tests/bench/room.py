"""A reading room to measure: one data folder with a million listings, and its server."""

import http.client
import json
import os
import pathlib
import subprocess
import tempfile
import urllib.parse

import duckdb

PROGRAM = os.environ["READINGROOM_PROGRAM"]
ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
AS_OF = "2026-10-01"

# A listing of each number; the columns are those of the codebook.
LISTINGS = """
    SELECT printf('L%09d', (i * 7919) % {rows}) AS listing_id, printf('T%06d', (i * i) % 9973) AS trader_id,
        'item ' || i || ' of ' || (i % 977) || ' kinds' AS title, NULL AS listing_url, 'en' AS title_lang,
        NULL AS description, 'c' || (i % 300) AS category_id, 'toys > kind ' || (i % 300) AS category_path,
        CASE WHEN i % 3 = 0 THEN 'Brand ' || (i % 500) END AS brand_claimed, NULL AS gtin, NULL AS manufacturer_name,
        i % 2 = 0 AS eu_responsible_person_present, 'DE' AS eu_responsible_person_country, true AS ce_marking_declared,
        false AS safety_warning_present, true AS product_identification_complete, true AS trader_sign_present,
        NULL AS labelling_info_present, ((i % 100000) / 100)::DECIMAL(18,2) AS price_eur, 'CN' AS ships_from_country,
        '["DE","FR"]' AS offered_in, strftime(TIMESTAMP '2025-01-01' + to_seconds(i % 31536000), '%Y-%m-%dT%H:%M:%SZ') AS first_published_at,
        'ACTIVE' AS status, '2026-01-01T00:00:00Z' AS status_changed_at, NULL AS removal_action_id,
        NULL AS content_fingerprint, NULL AS duplicate_cluster_id, false AS age_restricted, '1-9' AS orders_eu_bucket
    FROM range({rows}) numbers(i)
"""


# A moderation action of each number, all of one month.
MODERATION_ACTIONS = """
    SELECT printf('A%09d', (i * 7919) % {rows}) AS action_id, md5(i::VARCHAR) AS sor_uuid, false AS sor_exempt,
        printf('P-%07d', i) AS platform_uid, ['LISTING', 'LISTING', 'LISTING', 'AD'][1 + i % 4] AS target_type,
        printf('L%09d', (i * 31) % {rows}) AS target_id,
        CASE WHEN i % 4 < 3 THEN printf('L%09d', (i * 31) % {rows}) END AS listing_id,
        printf('T%06d', (i * i) % 9973) AS trader_id,
        strftime(TIMESTAMP '2026-09-01' + to_seconds((i * 7) % 2592000), '%Y-%m-%dT%H:%M:%SZ') AS decided_at,
        strftime(TIMESTAMP '2026-09-01' + to_seconds((i * 7) % 2592000 + 60), '%Y-%m-%dT%H:%M:%SZ') AS applied_at,
        NULL AS end_at, '["DECISION_VISIBILITY_CONTENT_REMOVED"]' AS decision_visibility, NULL AS decision_monetary,
        CASE WHEN i % 9 = 0 THEN 'DECISION_PROVISION_PARTIAL_SUSPENSION' END AS decision_provision,
        NULL AS decision_account,
        ['DECISION_GROUND_ILLEGAL_CONTENT', 'DECISION_GROUND_INCOMPATIBLE_CONTENT'][1 + i % 2] AS decision_ground,
        i % 50 = 0 AS manifestly_illegal,
        ['STATEMENT_CATEGORY_ANIMAL_WELFARE', 'STATEMENT_CATEGORY_CONSUMER_INFORMATION',
         'STATEMENT_CATEGORY_CYBER_VIOLENCE'][1 + (i * 13) % 3] AS category,
        CASE WHEN i % 5 = 0 THEN '["KEYWORD_ANIMAL_HARM"]' END AS keywords,
        ['SOURCE_ARTICLE_16', 'SOURCE_VOLUNTARY', 'SOURCE_VOLUNTARY'][1 + i % 3] AS source_type,
        CASE WHEN i % 3 = 0 THEN printf('N%08d', i) END AS notice_id,
        ['PRE_LISTING', 'POST_LISTING', 'POST_SALE'][1 + (i * 7) % 3] AS detection_stage,
        CASE WHEN i % 3 > 0 THEN 'D' || (i % 40) END AS detector_id, i % 3 > 0 AS automated_detection,
        ['AUTOMATED_DECISION_FULLY', 'AUTOMATED_DECISION_NOT_AUTOMATED'][1 + i % 2] AS automated_decision,
        'SP-' || (i % 25) AS policy_code, '["DE","FR","NL"]' AS territorial_scope, NULL AS reversed_at,
        NULL AS complaint_id, (i * 17) % 5000 AS exposure_before_action_eu, i % 7 AS orders_before_action_eu
    FROM range({rows}) numbers(i)
"""

ROWS_OF = {"listings": LISTINGS, "moderation_actions": MODERATION_ACTIONS}


def csv_of(dataset, folder):
    """Writes a million rows of a dataset as CSV, and gives the file."""
    file = pathlib.Path(folder) / f"{dataset}.csv"
    duckdb.sql(f"COPY ({ROWS_OF[dataset].format(rows=ROWS)}) TO '{file}' (HEADER)")
    return file


def csv_of_listings(folder):
    """Writes the million listings as CSV, and gives the file."""
    return csv_of("listings", folder)


class Room:
    """A served data folder."""

    def __init__(self, settings=""):
        self.temp = tempfile.TemporaryDirectory(prefix="reading-room-bench-")
        self.data = pathlib.Path(self.temp.name) / "data"
        self.run("init")
        settings = f"{settings}[rate_limits]\nprincipal_requests = 1000000\nproject_requests = 1000000\n[daily_budget]\n" \
                   f"queries = 100000000\nscan_bytes = {1 << 60}\nresult_bytes = {1 << 60}\n"
        (self.data / "readingroom.toml").write_text(settings)
        self.server = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.server:
            self.server.terminate()
            self.server.wait()
        self.temp.cleanup()

    def run(self, *words):
        """Runs a local command on the folder."""
        command = [PROGRAM, *map(str, words), "--data", self.data]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def serve(self, sandbox="strict"):
        """Starts the server, behind this much of a wall, and lets a researcher in with a grant of the listings."""
        self.server = subprocess.Popen([PROGRAM, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--sandbox", sandbox],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = next(word for word in self.server.stdout.readline().split() if word.startswith("http://"))
        self.host = urllib.parse.urlparse(self.url).netloc
        self.project, self.token = self.member("ada")
        self.connection = http.client.HTTPConnection(self.host)

    def member(self, subject, datasets=("listings",)):
        """A new project with a member and grants; gives both the project and the member's token."""
        project = self.run("project", "create", "--title", "bench", "--purpose", "to measure", "--organisation", "o-bench",
                           "--legal-basis", "40(12)", "--request-id", "B-1", "--applied", "2026-01-01", "--decided",
                           "2026-01-02", "--valid-from", "2026-01-03", "--valid-until", "2099-12-31")
        self.run("member", "add", "--project", project, "--subject", subject)
        for dataset in datasets:
            self.run("grant", "add", "--project", project, "--dataset", dataset)
        return project, self.run("token", "issue", "--subject", subject, "--role", "researcher", "--project", project)

    def send(self, token, body, connection=None, **headers):
        """Sends a question over a connection, or a new one; gives status and problem, or nothing in its place."""
        connection = connection or http.client.HTTPConnection(self.host)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers}
        connection.request("POST", "/v1/queries", json.dumps(body), headers)
        response = connection.getresponse()
        said = response.read()
        return response.status, json.loads(said) if response.status >= 202 else None

    def ask(self, sql, accept="application/json"):
        """Asks over one connection that stays open; gives the length of the answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "Accept": accept}
        self.connection.request("POST", "/v1/queries", json.dumps({"sql": sql}), headers)
        response = self.connection.getresponse()
        length = 0
        while chunk := response.read(1 << 20):
            length += len(chunk)
        assert response.status == 200, response.status
        return length

    def peak_mb(self):
        """The most memory that the gateway's process had."""
        status = pathlib.Path(f"/proc/{self.server.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) // 1024

    def files(self):
        """The Parquet files of the listings."""
        return sorted((self.data / "snapshots/listings/files").glob("*.parquet"))

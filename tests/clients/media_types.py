"""Media types that Schemathesis does not know: their bytes are sent as they are."""

import schemathesis

schemathesis.serializer.alias("application/x-tar", "application/octet-stream")

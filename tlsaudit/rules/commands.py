"""Commands that several rules hand out to see for oneself; {connect} and {servername} are filled in by the judge."""

from __future__ import annotations

SHOW_CHAIN = "openssl s_client -connect {connect} -servername {servername} -showcerts </dev/null"
VERIFY = "openssl s_client -connect {connect} -servername {servername} -verify_return_error </dev/null"

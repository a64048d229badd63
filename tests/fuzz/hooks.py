"""Signs the caller of a run in, and drops findings that are not mistakes."""

import os

import jsonschema_rs
import requests
import schemathesis
from schemathesis.core.parameters import ParameterLocation

URL = os.environ["FUZZ_URL"]
EMAIL = os.environ.get("FUZZ_EMAIL")
PASSWORD = os.environ.get("FUZZ_PASSWORD")
IS_ADMIN = os.environ.get("FUZZ_ROLE") == "admin"
SCHEDULER = {"Authorization": f"Bearer {os.environ['FUZZ_SCHEDULER_TOKEN']}"}
TIMEOUT = 60
# Of the check negative_data_rejection.
ACCEPTED_INVALID = "ST201"


def sign_in():
    credentials = {"email": EMAIL, "password": PASSWORD}
    response = requests.post(f"{URL}/auth/token", json=credentials, timeout=TIMEOUT)
    if response.status_code != 200 or (IS_ADMIN and response.json()["role"] != "admin"):
        return None
    return response.json()["access_token"]


def restore():
    """A run may delete or deactivate its own account, or change its password. The scheduler undoes that."""

    def ask(method, path, body=None):
        return requests.request(method, URL + path, json=body, headers=SCHEDULER, timeout=TIMEOUT)

    ask("POST", "/api/users", {"email": EMAIL, "name": "Restored"})
    user = next(user for user in ask("GET", "/api/users").json() if user["email"] == EMAIL)["id"]
    ask("POST", f"/api/users/{user}/activate")
    ask("DELETE", f"/api/users/{user}/second-factor")
    ask("POST", f"/api/users/{user}/set-password", {"password": PASSWORD})
    if IS_ADMIN:
        admins = next(group for group in ask("GET", "/api/admin/groups").json() if group["name"] == "Admin")["id"]
        ask("POST", f"/api/admin/users/{user}/memberships", {"group_id": admins})


if EMAIL:

    # Called again after a refusal: operations that end sessions or take rights away are fuzzed like all others.
    @schemathesis.auth(refresh_interval=3600, retry_on=[401, 403] if IS_ADMIN else [401])
    class Session:
        def get(self, case, context):
            token = sign_in()
            if token is None:
                restore()
                token = sign_in()
            return token

        def set(self, case, token, context):
            case.headers = case.headers or {}
            case.headers["Authorization"] = f"Bearer {token}"


def lenient(schema):
    """The schema as the server reads it: texts and numbers also count as the booleans and numbers that they spell."""
    if isinstance(schema, list):
        return [lenient(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    read = {key: lenient(value) for key, value in schema.items()}
    if "boolean" in types:
        return {"anyOf": [read, {"enum": [0, 1, 0.0, 1.0]}, {"type": "string", "pattern": BOOLEAN}]}
    if "integer" in types or "number" in types:
        return {"anyOf": [read, {"type": "string", "pattern": NUMBER}]}
    return read


BOOLEAN = "(?i)^(true|t|yes|y|on|1|false|f|no|n|off|0)$"
NUMBER = r"^\s*[-+]?[0-9]+(\.[0-9]+)?\s*$"
DOCUMENT = requests.get(f"{URL}/openapi.json", timeout=TIMEOUT).json()
COMPONENTS = lenient(DOCUMENT["components"])


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Drops accepted bodies that are invalid by the document only because it does not mention that leniency."""
    is_body = getattr(case.meta.phase.data, "parameter_location", None) == ParameterLocation.BODY
    if failure.code != ACCEPTED_INVALID or not is_body or not isinstance(case.body, (dict, list)):
        return True
    operation = DOCUMENT["paths"][case.path][case.method.lower()]
    media = operation["requestBody"]["content"].get("application/json")
    if media is None:
        return True
    schema = {**lenient(media["schema"]), "components": COMPONENTS}
    return not jsonschema_rs.is_valid(schema, case.body)

"""A mail relay (aiosmtpd) for tests. Prints the port, then one line of JSON for each mail.

Arguments: `plain`, `starttls` or `implicit`; then, for TLS, a certificate and its key; then, for AUTH, user and password.
"""

import asyncio
import json
import ssl
import sys
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, AuthResult


class Keep:
    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content, policy=policy.default)
        print(json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name: str(value) for name, value in message.items()},
            "text": message.get_content(),
            "tls": server.transport.get_extra_info("sslcontext") is not None,
            "user": session.auth_data,
        }), flush=True)
        return "250 OK"


def main():
    mode, rest = sys.argv[1], sys.argv[2:]
    context = None
    if mode != "plain":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(rest.pop(0), rest.pop(0))
    options = {}
    if rest:
        user, password = rest

        def authenticate(server, session, envelope, mechanism, data):
            fits = (data.login, data.password) == (user.encode(), password.encode())
            return AuthResult(success=fits, auth_data=user)

        options = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": mode == "starttls"}
    if mode == "starttls":
        options |= {"tls_context": context, "require_starttls": True}

    async def serve():
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(Keep(), **options), "127.0.0.1", 0, ssl=context if mode == "implicit" else None
        )
        print(server.sockets[0].getsockname()[1], flush=True)
        # Ends with whoever started it.
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

    asyncio.run(serve())


main()

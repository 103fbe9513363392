"""The exec plug-in of a simulated cluster: prints an ExecCredential with a token that is good now.

A kubeconfig names this file with the interpreter that runs it, so it imports the standard library alone and starts in
a few hundredths of a second. Clients call it again when the time it names has come, and after a 401.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import sys
import urllib.request

LOGIN = "/simulated/login"  # where the cluster's identity provider stands
_SECONDS = 5.0


def main() -> int:
    """``credential.py SERVER``; the authority comes in the environment, as client-go gives it."""
    with urllib.request.urlopen(sys.argv[1] + LOGIN, timeout=_SECONDS, context=_trust()) as answer:
        status = json.load(answer)
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    json.dump(credential, sys.stdout)
    return 0


def _trust() -> ssl.SSLContext | None:
    """What ``provideClusterInfo`` tells of the server's authority; None over plain HTTP."""
    told = json.loads(os.environ.get("KUBERNETES_EXEC_INFO", "{}"))
    data = told.get("spec", {}).get("cluster", {}).get("certificate-authority-data", "")
    return ssl.create_default_context(cadata=base64.b64decode(data).decode()) if data else None


if __name__ == "__main__":
    sys.exit(main())

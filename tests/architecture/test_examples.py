"""The example files of docs/examples are what the programs that read them take."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
NGINX = EXAMPLES / "explorer.nginx.conf"


@pytest.mark.parametrize(
    ("unit", "instance"),
    [
        ("ccxx-node.service", ""),
        ("ccxx-explorer-index.service", ""),
        ("ccxx-explorer@.service", "web"),
    ],
)
def test_systemd_takes_the_unit(unit: str, instance: str, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    text = (EXAMPLES / unit).read_text()
    installed = text.replace("/opt/ccxx/bin/", f"{Path(sys.executable).parent}/")
    (tmp_path / unit).write_text(installed)
    named = tmp_path / unit.replace("@", f"@{instance}")
    if instance:
        named.symlink_to(tmp_path / unit)

    found = subprocess.run(
        [program, "verify", "--man=no", str(named)], capture_output=True, text=True, timeout=60
    )

    about_ours = [line for line in found.stderr.splitlines() if "ccxx-" in line]
    assert (found.returncode, about_ours) == (0, []), found.stderr


def test_nginx_takes_the_site(tmp_path: Path) -> None:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    # A certificate and the ports of the machine are not what is tested.
    lines = [
        line.replace("443 ssl", "8443").replace(" 80;", " 8080;").replace(":80;", ":8080;")
        for line in NGINX.read_text().splitlines()
        if "ssl_certificate" not in line
    ]
    site = tmp_path / "site.conf"
    site.write_text("\n".join(lines))
    whole = tmp_path / "nginx.conf"
    whole.write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {tmp_path}/body;"
        f" proxy_temp_path {tmp_path}/proxy; fastcgi_temp_path {tmp_path}/fastcgi;"
        f" uwsgi_temp_path {tmp_path}/uwsgi; scgi_temp_path {tmp_path}/scgi; include {site}; }}\n"
    )

    found = subprocess.run(
        [program, "-t", "-e", "stderr", "-c", str(whole)],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert found.returncode == 0, found.stderr

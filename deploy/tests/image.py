"""What the image runs, without an engine: the command with the image's own environment, on other ports."""

import pathlib
import re
import subprocess
import tempfile
import unittest

from .world import AGORA, DEPLOY, Child, Client, answers, clean_environment, free_port


def environment():
    """The variables that the Dockerfile sets."""
    text = (DEPLOY / "Dockerfile").read_text()
    [lines] = re.findall(r"^ENV ((?:.*\\\n)*.*)$", text, re.MULTILINE)
    return dict(word.split("=", 1) for word in lines.replace("\\\n", " ").split())


class Image(unittest.TestCase):
    def test_one_run_is_a_sample_shop_that_can_be_reached(self):
        made = environment()
        exposed = re.search(r"^EXPOSE (.*)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)[1].split()
        listens = {name: value for name, value in made.items() if name.endswith("_LISTEN")}
        for name, value in listens.items():
            address, port = value.rsplit(":", 1)
            self.assertEqual(address, "0.0.0.0", f"{name}: from outside nothing else is reached")
            self.assertIn(port, exposed, name)
        ports = {name: free_port() for name in listens}
        with tempfile.TemporaryDirectory() as folder:
            data = pathlib.Path(folder) / "data"
            # A volume is there, and empty.
            data.mkdir(mode=0o700)
            moved = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
            moved = clean_environment(**made) | moved | {"AGORA_DATA": str(data)}
            shop = Child("agora", [AGORA, "up", "--demo"], pathlib.Path(folder) / "log", env=moved, cwd=folder)
            self.addCleanup(shop.kill)
            url = f"http://127.0.0.1:{ports['AGORA_LISTEN']}"
            shop.wait_until("is ready", lambda: answers(url))
            for name in ("AGORA_STOREFRONT_LISTEN", "AGORA_BACKOFFICE_LISTEN"):
                shop.wait_until(name, lambda: answers(f"http://127.0.0.1:{ports[name]}", "/health/live"))
            # As the image asks itself.
            well = subprocess.run([AGORA, "health"], env=moved, capture_output=True, text=True)
            self.assertEqual(well.returncode, 0, well.stderr)
            products = Client(url).get("/product/get-all-products?Limit=500").json()["Items"]
            self.assertGreater(len(products), 100)
            shop.stop()
            self.assertEqual(shop.process.returncode, 0, shop.tail())

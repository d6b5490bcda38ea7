"""RabbitMQ as a child process, with its own data, ports and port mapper."""

import pathlib
import subprocess

from .world import DEPLOY, Child, answers, clean_environment, free_port, program

# The program itself: the one in the path changes the user.
PROGRAM = pathlib.Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


class Broker:
    def __init__(self, folder, passwords):
        """`passwords` as deploy/env makes them, for the users of deploy/broker."""
        if not PROGRAM.exists():
            raise AssertionError("RabbitMQ is missing; `cargo xtask setup` installs what the tests need")
        self.folder = pathlib.Path(folder)
        (self.folder / "home").mkdir(parents=True)
        cookie = self.folder / "home/.erlang.cookie"
        cookie.write_text("agora-tests")
        cookie.chmod(0o400)
        self.port, management, distribution, mapper = (free_port() for _ in range(4))
        (self.folder / "plugins").write_text("[rabbitmq_management].\n")
        (self.folder / "rabbitmq.conf").write_text(
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {management}\ndisk_free_limit.absolute = 10MB\n"
            f"load_definitions = {self.folder}/definitions.json\n"
        )
        with open(self.folder / "definitions.json", "wb") as definitions:
            subprocess.run([DEPLOY / "broker"], env=clean_environment(**passwords), stdout=definitions, check=True)
        command = [program("epmd"), "-port", mapper, "-address", "127.0.0.1"]
        self.mapper = Child("epmd", command, self.folder / "epmd.log", cwd=self.folder)
        paths = {"HOME": "home", "RABBITMQ_MNESIA_BASE": "data", "RABBITMQ_LOG_BASE": "log", "RABBITMQ_PID_FILE": "pid",
                 "RABBITMQ_CONFIG_FILE": "rabbitmq.conf", "RABBITMQ_ADVANCED_CONFIG_FILE": "advanced.config",
                 "RABBITMQ_ENABLED_PLUGINS_FILE": "plugins", "RABBITMQ_GENERATED_CONFIG_DIR": "generated"}
        environment = {name: str(self.folder / path) for name, path in paths.items()} | {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_LOGS": "-", "RABBITMQ_NODENAME": "agora@localhost", "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port), "RABBITMQ_DIST_PORT": str(distribution), "ERL_EPMD_PORT": str(mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            # The starting script becomes the broker instead of waiting for it, so that it ends with this process.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +S 2:2",
        }
        self.node = Child("rabbitmq", [PROGRAM], self.folder / "node.log", cwd=self.folder, env=environment)
        self.node.wait_until("the management page", lambda: answers(f"http://127.0.0.1:{management}", "/"))

    def stop(self):
        # Nothing here is needed any more: at once.
        self.node.kill()
        self.mapper.kill()

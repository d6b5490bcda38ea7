"""What any Python service beside an Agora shop needs; copy this folder. docs/your-own-service.md explains it step by step.

`model` keeps what the log says, `bus` follows the log and writes to it, `web` answers HTTP behind the shop's gateway."""
from .bus import Bus
from .model import Model
from .web import Problem, serve

__all__ = ["Bus", "Model", "Problem", "serve"]

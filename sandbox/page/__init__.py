"""The sandbox's page: a chat in the browser, whose server side speaks to the stand-ins."""

from sandbox.page.guard import guard, seal
from sandbox.page.server import Page
from sandbox.page.workbench import BotProcess

__all__ = ["BotProcess", "Page", "guard", "seal"]

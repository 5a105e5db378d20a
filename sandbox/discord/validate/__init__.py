"""Discord's rules for what the bot sends, as pure functions that name every fault."""

"""The panel of `/settings`: its frame, its pages as pure functions, and the words for what can be chosen."""

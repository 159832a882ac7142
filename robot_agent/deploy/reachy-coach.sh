#!/bin/sh
# Written by `reachy-coach install-robot`: the command of the installed agent.
exec @python@ -P -m tools "$@"

"""The daemon on the robot: a guard that alone may move it, a policy process, a link with a durable spool."""

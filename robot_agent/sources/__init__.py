"""Where a person stops the robot from: a button at a GPIO pin, a USB button or pedal, the robot's page."""

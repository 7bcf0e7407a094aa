// Does nothing: what a Swift program needs to start.

// Helpers come with the first test that needs them.

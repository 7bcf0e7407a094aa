// The room's first tests come with its first type.

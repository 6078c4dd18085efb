// The room Training; see Documentation/Architecture.md.

// The room LocalLearning; see Documentation/Architecture.md.

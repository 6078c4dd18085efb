/// What one actor tells another.
package struct ActorMessage: Sendable {
  package enum Content: Sendable {
    /// The register `slot` of the producer holds a piece: a value, or what says where it lies.
    case readable(slot: Int, piece: Int, any Sendable)
    /// The consumer needs the register no more.
    case acknowledged(slot: Int)
    /// No further piece comes.
    case ended
  }

  package let destination: ActorAddress
  /// The input of the destination that this is about; of an acknowledgement, nothing.
  package let input: Int
  package let content: Content
}

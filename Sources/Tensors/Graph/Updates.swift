/// Lets a pending update ride along: evaluating anything that needs `old` also evaluates `new`, as long as somebody holds `new`.
///
/// This is how assigning a parameter costs no evaluation of its own, and how reading the loss performs the step in one plan, in which
/// the old value's memory is overwritten.
package func attachUpdate(of old: Tensor, to new: Tensor) {
  Engine.shared.withGraphLocked { _ in
    guard old.node !== new.node else { return }
    new.node.isCompanion = true
    old.node.companions.append(Node.WeakNode(node: new.node))
  }
}

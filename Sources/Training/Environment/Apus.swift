/// This library as a whole.
public enum Apus {
  /// By semantic versioning.
  public static let version = "0.1.0"
}

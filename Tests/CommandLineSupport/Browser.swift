import Foundation

/// A page in a headless Chromium, spoken to over the pipe of its DevTools protocol.
package final class Browser {
  package static let program: String? = ["chromium", "chromium-browser", "google-chrome"].lazy.compactMap { name in
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }.first
  package static var isInstalled: Bool { program != nil }
  package static let advice = "no browser is installed (Debian: apt-get install chromium), so no page is looked at"

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// What the pages wrote to the console, and what they threw.
  package private(set) var complaints: [String] = []

  private let process = Process()
  private let folder: URL
  private let input: Int32
  private let output: Int32
  private var unread: [UInt8] = []
  private var nextID = 1
  private var session: String?
  private var hasLoaded = false

  package init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-browser-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let folder = folder
    let paths = ["input", "output"].map { folder.appendingPathComponent($0).path }
    for path in paths where mkfifo(path, 0o600) != 0 { throw Failure(description: "mkfifo: \(String(cString: strerror(errno)))") }
    // Opened both ways, neither waits for the other end.
    input = open(paths[0], O_RDWR)
    output = open(paths[1], O_RDWR)
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      "-c", "exec \"$@\" 3<'\(paths[0])' 4>'\(paths[1])'", "sh", Self.program ?? "chromium", "--headless=new", "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--hide-scrollbars", "--remote-debugging-pipe",
      "--user-data-dir=\(folder.appendingPathComponent("profile").path)",
    ]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    let target = try call("Target.createTarget", ["url": "about:blank"])["targetId"] as? String ?? ""
    session = try call("Target.attachToTarget", ["targetId": target, "flatten": true])["sessionId"] as? String
    for domain in ["Page", "Runtime", "Log"] { _ = try call("\(domain).enable") }
  }

  deinit {
    process.terminate()
    process.waitUntilExit()
    close(input)
    close(output)
    try? FileManager.default.removeItem(at: folder)
  }

  /// Shows a file as a screen of that size would.
  package func show(_ file: URL, width: Int, height: Int, isDark: Bool = false) throws {
    _ = try call(
      "Emulation.setDeviceMetricsOverride", ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600])
    _ = try call(
      "Emulation.setEmulatedMedia", ["features": [["name": "prefers-color-scheme", "value": isDark ? "dark" : "light"]]])
    hasLoaded = false
    _ = try call("Page.navigate", ["url": file.absoluteString])
    while !hasLoaded { try take(try receive()) }
  }

  /// The value of an expression on the page, as JSON.
  package func value(of expression: String) throws -> Any? {
    let answer = try call("Runtime.evaluate", ["expression": expression, "returnByValue": true, "awaitPromise": true])
    if let exception = answer["exceptionDetails"] { throw Failure(description: "\(exception)") }
    return (answer["result"] as? [String: Any])?["value"]
  }

  /// A picture of the whole page, as PNG.
  package func picture() throws -> Data {
    let answer = try call("Page.captureScreenshot", ["format": "png", "captureBeyondViewport": true])
    guard let data = (answer["data"] as? String).flatMap({ Data(base64Encoded: $0) }) else { throw Failure(description: "no picture") }
    return data
  }

  // MARK: -

  private func call(_ method: String, _ parameters: [String: Any] = [:]) throws -> [String: Any] {
    let id = nextID
    nextID += 1
    var message: [String: Any] = ["id": id, "method": method, "params": parameters]
    if let session { message["sessionId"] = session }
    var bytes = Array(try JSONSerialization.data(withJSONObject: message)) + [0]
    while !bytes.isEmpty {
      let count = write(input, bytes, bytes.count)
      guard count > 0 else { throw Failure(description: "the browser takes no message: \(String(cString: strerror(errno)))") }
      bytes.removeFirst(count)
    }
    while true {
      let answer = try receive()
      guard answer["id"] as? Int == id else {
        try take(answer)
        continue
      }
      if let error = answer["error"] { throw Failure(description: "\(method): \(error)") }
      return answer["result"] as? [String: Any] ?? [:]
    }
  }

  /// Something the browser tells unasked.
  private func take(_ event: [String: Any]) throws {
    let parameters = event["params"] as? [String: Any] ?? [:]
    switch event["method"] as? String {
    case "Page.loadEventFired": hasLoaded = true
    case "Runtime.exceptionThrown": complaints.append("\(parameters["exceptionDetails"] ?? "")")
    case "Runtime.consoleAPICalled": complaints.append("\(parameters["type"] ?? ""): \(parameters["args"] ?? "")")
    case "Log.entryAdded": complaints.append("\((parameters["entry"] as? [String: Any])?["text"] ?? "")")
    default: break
    }
  }

  private func receive() throws -> [String: Any] {
    while true {
      if let end = unread.firstIndex(of: 0) {
        let message = Data(unread[..<end])
        unread.removeFirst(end + 1)
        return try JSONSerialization.jsonObject(with: message) as? [String: Any] ?? [:]
      }
      var waiting = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 60_000) > 0 else { throw Failure(description: "the browser says nothing for a minute") }
      var buffer = [UInt8](repeating: 0, count: 65_536)
      let count = read(output, &buffer, buffer.count)
      guard count > 0 else { throw Failure(description: "the browser went away") }
      unread += buffer[..<count]
    }
  }
}

import Datasets
import Foundation
import Glibc
import Synchronization
import Tensors
import Testing

/// A server of files on this machine, as good or bad as a test wants it.
final class FileServer: Sendable {
  enum Behaviour: Sendable {
    /// Sends what is asked for, ranges too.
    case proper
    /// Sends the whole file whatever range is asked for.
    case ignoresRanges
    /// Announces everything, and closes the connection after so many bytes of each answer.
    case breaksOff(after: Int)
    /// Announces no length, and closes after so many bytes.
    case endsSilently(after: Int)
    case status(Int)
    /// Sends so many bytes of each answer, and then nothing as long as the server runs.
    case stalls(after: Int)
  }

  private struct State {
    var files: [String: [UInt8]] = [:]
    var behaviour = Behaviour.proper
    var requests: [String] = []
    var isClosed = false
  }

  private let socketDescriptor: Int32
  let port: UInt16
  private let state = Mutex(State())

  init() throws {
    // A proxy that is set up for this machine has no business with its own address.
    setenv("no_proxy", "127.0.0.1", 1)
    socketDescriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = socketDescriptor
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    try #require(isBound)
    port = UInt16(bigEndian: address.sin_port)
    Thread { [self] in run() }.start()
  }

  var url: URL { URL(string: "http://127.0.0.1:\(port)/")! }
  var requests: [String] { state.withLock(\.requests) }

  func serve(_ bytes: [UInt8], as name: String) { state.withLock { $0.files[name] = bytes } }
  func behave(_ behaviour: Behaviour) { state.withLock { $0.behaviour = behaviour } }

  func stop() {
    state.withLock { $0.isClosed = true }
    shutdown(socketDescriptor, Int32(SHUT_RDWR))
    close(socketDescriptor)
  }

  private func run() {
    while !state.withLock(\.isClosed) {
      let connection = accept(socketDescriptor, nil, nil)
      guard connection >= 0 else { return }
      answer(connection)
      close(connection)
    }
  }

  private func answer(_ connection: Int32) {
    var request: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !String(decoding: request, as: UTF8.self).contains("\r\n\r\n") {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return }
      request += buffer[..<count]
    }
    let lines = String(decoding: request, as: UTF8.self).components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ")
    let range = lines.first { $0.lowercased().hasPrefix("range: bytes=") }?.dropFirst(13)
    let (file, behaviour) = state.withLock { state in
      state.requests.append(words[1].dropFirst() + (range.map { " from \($0)" } ?? ""))
      return (state.files[String(words[1].dropFirst())], state.behaviour)
    }
    func send(_ bytes: [UInt8]) {
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
      }
    }
    func answer(_ status: String, _ headers: [String], _ body: [UInt8]) {
      send(Array((["HTTP/1.1 \(status)"] + headers + ["Connection: close", "", ""]).joined(separator: "\r\n").utf8) + body)
    }
    guard let file else { return answer("404 Not Found", ["Content-Length: 9"], Array("not here\n".utf8)) }
    let start = range.flatMap { Int($0.dropLast()) } ?? 0
    switch behaviour {
    case .status(let status): answer("\(status) Refused", ["Content-Length: 8"], Array("go away\n".utf8))
    case .ignoresRanges: answer("200 OK", ["Content-Length: \(file.count)"], file)
    case .endsSilently(let count): answer("200 OK", [], Array(file.prefix(count)))
    case .stalls(let count):
      answer("200 OK", ["Content-Length: \(file.count)"], Array(file.prefix(count)))
      while !state.withLock(\.isClosed) { Thread.sleep(forTimeInterval: 0.01) }
    case .proper, .breaksOff:
      var limit = file.count
      if case .breaksOff(let count) = behaviour { limit = min(start + count, file.count) }
      guard start < file.count || start == 0 else { return answer("416 Range Not Satisfiable", ["Content-Length: 0"], []) }
      let headers = ["Content-Length: \(file.count - start)"]
      if range == nil {
        answer("200 OK", headers, Array(file[..<limit]))
      } else {
        answer(
          "206 Partial Content", headers + ["Content-Range: bytes \(start)-\(file.count - 1)/\(file.count)"], Array(file[start..<limit]))
      }
    }
  }
}

@Suite("Fetching", .serialized)
struct FetchTests {
  private let folder: TemporaryFolder
  private let server: FileServer
  private let content: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    server = try FileServer()
    var random = SplitMix64(seed: 8)
    content = (0..<300_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    server.serve(content, as: "data.bin")
  }

  private func set(
    _ checksum: Checksum? = nil, byteCount: Int? = 300_000, packing: StandardDataset.Packing = .none, file: String = "data.bin"
  ) -> StandardDataset {
    StandardDataset(
      name: "sample", title: "", homepage: "", license: "",
      files: [
        .init(name: file, urls: [server.url.appendingPathComponent(file)], byteCount: byteCount, checksum: checksum ?? .sha256(of: content))
      ],
      packing: packing)
  }

  private func fetcher(retries: Int = 0) -> DatasetFetcher { DatasetFetcher(directory: folder.url, patience: 5, retries: retries) }

  private func fetched() throws -> [UInt8] { Array(try Data(contentsOf: folder.url.appendingPathComponent("sample/data.bin"))) }

  private func failure(_ set: StandardDataset, retries: Int = 0) -> String {
    do {
      try fetcher(retries: retries).fetch(set)
      return "nothing failed"
    } catch {
      let line = "\(error)"
      #expect(error is FileAccessError || error is FileFormatError)
      #expect(!line.contains("\n"))
      return line
    }
  }

  @Test func aFileArrivesAndIsNotFetchedTwice() throws {
    defer { server.stop() }
    var reports: [DatasetFetcher.Progress] = []
    let first = try fetcher().fetch(set()) {
      reports.append($0)
      return true
    }
    #expect(first.map(\.outcome) == [.fetched])
    #expect(try fetched() == content)
    #expect(try folder.names("sample") == ["data.bin"])
    #expect(reports.last?.received == 300_000 && reports.allSatisfy { $0.total == 300_000 && $0.file == "data.bin" })
    #expect(zip(reports, reports.dropFirst()).allSatisfy { $0.received <= $1.received })
    #expect(try fetcher().fetch(set()).map(\.outcome) == [.present])
    #expect(server.requests == ["data.bin"])
    // A file that was damaged since is fetched anew.
    try folder.file("sample/data.bin", [1, 2, 3])
    #expect(try fetcher().fetch(set()).map(\.outcome) == [.fetched] && fetched() == content)
  }

  @Test func aBrokenDownloadGoesOnWhereItStopped() throws {
    defer { server.stop() }
    server.behave(.breaksOff(after: 100_000))
    let line = failure(set())
    #expect(line.contains("100000 bytes are kept") && line.contains("the connection broke off"), "\(line)")
    let partial = try folder.names("sample")
    #expect(partial.count == 1 && partial[0].hasPrefix(".data.bin.") && partial[0].hasSuffix(".part"))
    server.behave(.proper)
    #expect(try fetcher().fetch(set()).map(\.outcome) == [.fetched])
    #expect(server.requests == ["data.bin", "data.bin from 100000-"])
    #expect(try fetched() == content && folder.names("sample") == ["data.bin"])
  }

  @Test func aCallTakesUpWhatBreaksOff() throws {
    defer { server.stop() }
    server.behave(.breaksOff(after: 70_000))
    #expect(try fetcher(retries: 3).fetch(set()).map(\.outcome) == [.fetched])
    #expect(server.requests.count == 5 && server.requests.last == "data.bin from 280000-")
    #expect(try fetched() == content)
  }

  @Test func anAnswerThatEndsSilentlyIsNotTaken() throws {
    defer { server.stop() }
    server.behave(.endsSilently(after: 90_000))
    #expect(failure(set()).contains("ended after 90000 of 300000 bytes"))
    server.behave(.proper)
    try fetcher().fetch(set())
    #expect(try fetched() == content)
    // Without a known size the checksum tells.
    let unsized = set(byteCount: nil)
    try FileManager.default.removeItem(at: folder.url.appendingPathComponent("sample"))
    server.behave(.endsSilently(after: 90_000))
    #expect(failure(unsized).contains("expected sha256"))
    #expect(try folder.names("sample") == [])
  }

  @Test func aServerWithoutRangesStartsAfresh() throws {
    defer { server.stop() }
    server.behave(.breaksOff(after: 50_000))
    _ = failure(set())
    server.behave(.ignoresRanges)
    try fetcher().fetch(set())
    #expect(server.requests == ["data.bin", "data.bin from 50000-", "data.bin"])
    #expect(try fetched() == content)
  }

  @Test func aWrongChecksumIsRefusedAndNothingKept() throws {
    defer { server.stop() }
    for checksum in [Checksum.sha256(String(repeating: "0", count: 64)), .md5(String(repeating: "a", count: 32))] {
      let line = failure(set(checksum))
      #expect(line.contains("expected \(checksum)") && line.contains("of 300000 bytes") && line.contains("http://127.0.0.1"), "\(line)")
      #expect(try folder.names("sample") == [])
    }
    // A part that belongs to another file: the whole is fetched once more before giving up.
    server.behave(.breaksOff(after: 10_000))
    _ = failure(set())
    var other = content
    other[5] ^= 1
    server.serve(other, as: "data.bin")
    server.behave(.proper)
    let whole = set(.sha256(of: other))
    let part = try #require(try folder.names("sample").first)
    try FileManager.default.moveItem(
      at: folder.url.appendingPathComponent("sample/\(part)"),
      to: folder.url.appendingPathComponent("sample/.data.bin.\(Checksum.sha256(of: other).hexadecimal.prefix(12)).part"))
    try fetcher().fetch(whole)
    #expect(try fetched() == other)
  }

  @Test func anotherSizeIsRefused() throws {
    defer { server.stop() }
    #expect(failure(set(byteCount: 299_999)).contains("found more bytes, expected 299999 bytes"))
    #expect(try folder.names("sample") == [])
  }

  @Test(arguments: [404, 403, 500, 503]) func refusalsAreTold(status: Int) throws {
    defer { server.stop() }
    server.behave(.status(status))
    #expect(failure(set()).contains("HTTP status \(status)"))
    #expect(try folder.names("sample") == [])
  }

  @Test func missingFilesAreTold() throws {
    defer { server.stop() }
    #expect(failure(set(file: "absent.bin")).contains("the server has no such file (HTTP status 404)"))
  }

  @Test func noNetworkIsTold() throws {
    server.stop()
    let line = failure(set())
    #expect(line.contains("there is no network, or the server cannot be reached"), "\(line)")
    #expect(try folder.names("sample") == [])
  }

  @Test func theNextPublisherServesWhereOneFails() throws {
    defer { server.stop() }
    let file = StandardDataset.RemoteFile(
      name: "data.bin", urls: [server.url.appendingPathComponent("gone/data.bin"), server.url.appendingPathComponent("data.bin")],
      byteCount: nil,
      checksum: .sha256(of: content))
    let twice = StandardDataset(name: "sample", title: "", homepage: "", license: "", files: [file])
    #expect(try fetcher().fetch(twice).map(\.outcome) == [.fetched])
    #expect(server.requests == ["gone/data.bin", "data.bin"])
  }

  @Test func stoppingKeepsWhatArrived() throws {
    defer { server.stop() }
    server.behave(.breaksOff(after: 100_000))
    _ = failure(set())
    #expect(throws: CancellationError.self) { try fetcher().fetch(set()) { _ in false } }
    #expect(try folder.names("sample").count == 1)
    server.behave(.proper)
    try fetcher().fetch(set())
    #expect(try fetched() == content)
  }

  @Test func twoProcessesDoNotMixTheirBytes() throws {
    defer { server.stop() }
    // The lock belongs to an open file, so that another one in this process is as good as another process.
    let part = try folder.file("sample/.data.bin.\(Checksum.sha256(of: content).hexadecimal.prefix(12)).part")
    let descriptor = open(part.path, O_RDWR)
    defer { close(descriptor) }
    #expect(flock(descriptor, LOCK_EX) == 0)
    #expect(failure(set()).contains("another process is downloading this file"))
  }

  @Test func archivesAreUnpacked() throws {
    defer { server.stop() }
    let source = try TemporaryFolder()
    try source.file("inner/a.txt", "first")
    try source.file("inner/b.txt", "second")
    try source.file("inner/other.txt", "not needed")
    let tar = Process()
    tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    tar.arguments = ["tar", "-czf", source.url.appendingPathComponent("all.tar.gz").path, "-C", source.url.path, "inner"]
    try tar.run()
    tar.waitUntilExit()
    try NumPy.writeArchive(["x": Tensor([Float(1)])], to: source.url.appendingPathComponent("all.zip"))
    for (name, packing, expected) in [
      ("all.tar.gz", StandardDataset.Packing.tarGzip(members: ["inner/a.txt", "inner/b.txt"]), ["a.txt", "b.txt"]),
      ("all.zip", .zip(members: ["x.npy"]), ["x.npy"]),
    ] {
      let bytes = Array(try Data(contentsOf: source.url.appendingPathComponent(name)))
      server.serve(bytes, as: name)
      let archive = set(.sha256(of: bytes), byteCount: bytes.count, packing: packing, file: name)
      #expect(!archive.isPresent(in: fetcher().folder(of: archive)))
      #expect(try fetcher().fetch(archive).map(\.outcome) == [.fetched])
      #expect(try folder.names("sample") == expected)
      let count = server.requests.count
      #expect(try fetcher().fetch(archive).map(\.outcome) == [.present])
      #expect(server.requests.count == count)
      try FileManager.default.removeItem(at: fetcher().folder(of: archive))
    }
    let bytes = Array(try Data(contentsOf: source.url.appendingPathComponent("all.tar.gz")))
    let lacking = set(.sha256(of: bytes), byteCount: nil, packing: .tarGzip(members: ["inner/absent.txt"]), file: "all.tar.gz")
    #expect(failure(lacking).contains("absent.txt"))
  }

  @Test func theCatalogIsSound() throws {
    server.stop()
    #expect(Set(StandardDataset.all.map(\.name)).count == StandardDataset.all.count)
    for set in StandardDataset.all {
      #expect(Handwriting.Characters(rawValue: set.name) == nil, "names of generators are taken")
      for file in set.files {
        let digits = file.checksum.hexadecimal
        #expect(digits.allSatisfy { $0.isHexDigit })
        if case .md5 = file.checksum { #expect(digits.count == 32) } else { #expect(digits.count == 64) }
        #expect(file.urls.allSatisfy { ["http", "https"].contains($0.scheme) && $0.lastPathComponent == file.name })
      }
    }
    for (name, folder) in [("mnist", "mnist"), ("fashion-mnist", "fashion-mnist"), ("tinyshakespeare", "tinyshakespeare")] {
      guard let url = sharedData(folder) else { continue }
      for file in StandardDataset.named(name)!.files {
        let local = url.appendingPathComponent(file.name)
        #expect(try file.checksum.computed(of: local) == file.checksum)
        #expect(try Data(contentsOf: local).count == file.byteCount)
      }
    }
  }
}

import ArgumentParser

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "List, download and look into data sets.",
    discussion: """
      apus data list                      what --data takes by name
      apus data fetch mnist cifar10       download standard sets, with checksum
      apus data export digits my-digits   pictures as PNG files, one folder a class
      apus data inspect mnist             shapes, classes and first rows of a set
      apus data inspect table.csv --json  the same of a file, for programs

      What --data takes: \(Self.accepted)
      """, subcommands: [DataListCommand.self, DataFetchCommand.self, DataInspectCommand.self, DataExportCommand.self])

  static let accepted = """
    a name of the list; a folder of IDX files (as MNIST), of CIFAR binary files, of one folder of images a class, or of NPY arrays; a file in IDX, \
    CIFAR binary (.bin), CSV, TSV, NPY, NPZ, safetensors or text (.txt). All but the archives may be packed with gzip.
    """
}

internal import Arguments
internal import Image
internal import OCI

/// `layer ls`, `layer which` and `image verify`.
extension ImageCommand {
  func layerList() throws -> Int32 {
    let library = try library()
    let image = try argument(0).map { try library.resolve($0) }
    let layers = try library.layers(of: image)
    if isJSON {
      let documents = layers.map { layer in
        JSON.object([
          JSON.Member("diffID", .string("\(layer.record.diffID)")),
          JSON.Member("form", .string(layer.record.form.rawValue)),
          JSON.Member("size", .integer(Int64(clamping: layer.record.size))),
          JSON.Member("disk", .integer(Int64(clamping: layer.bytes))),
          JSON.Member("entries", .integer(Int64(layer.record.entries))), JSON.Member("images", .strings(layer.images)),
        ])
      }
      return Output.print(JSON.array(documents).text(indent: "  ") + "\n")
    }
    let isFull = values.flag("no-trunc")
    let rows = layers.map { layer in
      [
        isFull ? "\(layer.record.diffID)" : layer.record.diffID.short, layer.record.form.rawValue,
        HumanText.size(layer.record.size), HumanText.size(layer.bytes), "\(layer.record.entries)",
        layer.images.joined(separator: ", "),
      ]
    }
    return Output.print(Output.table([["LAYER", "FORM", "SIZE", "ON DISK", "ENTRIES", "IMAGES"]] + rows))
  }

  func layerWhich() throws -> Int32 {
    let library = try library()
    let (name, path) = (argument(0) ?? "", argument(1) ?? "")
    let origins = try library.origins(of: path, in: try library.resolve(name))
    if isJSON {
      let documents = origins.map { origin in
        JSON.object([
          JSON.Member("layer", .string("\(origin.diffID)")), JSON.Member("number", .integer(Int64(origin.number))),
          JSON.Member("what", .string(origin.what.rawValue)), JSON.Member("size", .integer(origin.size)),
          JSON.Member("seen", .bool(origin.isSeen)), JSON.Member("createdBy", .string(origin.step?.createdBy ?? "")),
        ])
      }
      return Output.print(JSON.array(documents).text(indent: "  ") + "\n")
    }
    guard !origins.isEmpty else {
      log.error("\(path) is in no layer of \(name)")
      return 1
    }
    let rows = origins.map { origin in
      [
        "\(origin.number)", origin.diffID.short, origin.what.rawValue,
        origin.what == .file ? HumanText.size(UInt64(max(0, origin.size))) : "-",
        origin.isSeen ? "yes" : "no", origin.step?.createdBy ?? "",
      ]
    }
    return Output.print(Output.table([["NUMBER", "LAYER", "WHAT", "SIZE", "SEEN", "CREATED BY"]] + rows))
  }

  func verify() throws -> Int32 {
    var verify = Verify(try library(), repairs: values.flag("repair"))
    var found = 0
    let left = try verify { damage in
      found += 1
      Output.print("\(damage)\n")
    }
    Output.print(found == 0 ? "no damage found\n" : "\(found) damaged, \(left) left\n")
    return left == 0 ? 0 : 1
  }
}

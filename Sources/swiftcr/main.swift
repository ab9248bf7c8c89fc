print("swiftcr")

"""The version of this package. It speaks the contract `codeactions.v1`."""

VERSION = "0.1.0"

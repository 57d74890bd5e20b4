package codeactions

// Version is the version of this client.
const Version = "0.1.0"

const userAgent = "codeactions-go/" + Version

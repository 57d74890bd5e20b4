package engine

import "fmt"

// Log writes entries into the run's log, each at once. What is printed to os.Stdout and os.Stderr, and what package
// log writes, is there as well, in its place between the entries.
type Log struct{}

// Debug writes an entry of level debug.
func (Log) Debug(text string) { host.log(levelDebug, text) }

// Info writes an entry of level info.
func (Log) Info(text string) { host.log(levelInfo, text) }

// Warning writes an entry of level warning.
func (Log) Warning(text string) { host.log(levelWarning, text) }

// Error writes an entry of level error.
func (Log) Error(text string) { host.log(levelError, text) }

// Debugf formats as fmt.Sprintf does.
func (Log) Debugf(format string, values ...any) { host.log(levelDebug, fmt.Sprintf(format, values...)) }

// Infof formats as fmt.Sprintf does.
func (Log) Infof(format string, values ...any) { host.log(levelInfo, fmt.Sprintf(format, values...)) }

// Warningf formats as fmt.Sprintf does.
func (Log) Warningf(format string, values ...any) {
	host.log(levelWarning, fmt.Sprintf(format, values...))
}

// Errorf formats as fmt.Sprintf does.
func (Log) Errorf(format string, values ...any) { host.log(levelError, fmt.Sprintf(format, values...)) }

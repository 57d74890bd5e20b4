package codeactions

import "sync"

// lifetime ends what was added to it when it ends itself. The zero value has begun.
type lifetime struct {
	lock    sync.Mutex
	isOver  bool
	added   uint64
	endings map[uint64]func()
}

// add has a function called when the lifetime ends, at once if it has ended, unless it is forgotten before.
func (l *lifetime) add(ending func()) (forget func()) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.isOver {
		ending()
		return func() {}
	}
	if l.endings == nil {
		l.endings = map[uint64]func(){}
	}
	l.added++
	number := l.added
	l.endings[number] = ending
	return func() {
		l.lock.Lock()
		defer l.lock.Unlock()
		delete(l.endings, number)
	}
}

func (l *lifetime) end() {
	l.lock.Lock()
	endings := l.endings
	l.isOver, l.endings = true, nil
	l.lock.Unlock()
	for _, ending := range endings {
		ending()
	}
}

package nlserve

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// A Server holds services and answers requests for them. Its methods may be
// called concurrently. The zero Server has no services, but for nlctrl, which
// tells generic netlink families and their groups.
type Server struct {
	once     sync.Once // runs start
	mu       sync.RWMutex
	methods  map[methodKey]*Method
	families map[string]*family
	ids      map[uint16]*family // the generic ones by message type
	lastID   uint16             // of the generic families so far
	lastGrp  uint32

	// multicast sends a datagram to a group, but not to the port except. Without
	// it the sockets that are served do.
	multicast func(protocol int, group uint32, datagram []byte, except uint32)
	serving   []Socket
}

// methodKey tells methods apart. The type is that of the messages; for generic
// netlink the command does the rest.
type methodKey struct {
	protocol int
	typ      uint16
	command  uint16 // 0 but for generic netlink
	dump     bool
}

// family is a family that is registered.
type family struct {
	Service
	id uint16 // message type of a generic family
}

const (
	notifyGroup = 16 // the only group of nlctrl
	firstID     = 20 // numbers below it are or were fixed
)

// OnMulticast sets the function that carries notifications to the members of a
// group, but not to the port except if that is not 0. Without it they go out
// through the sockets of [Server.Serve]; if there is none, they only reach clients
// that asked for an echo.
func (s *Server) OnMulticast(f func(protocol int, group uint32, datagram []byte, except uint32)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.multicast = f
}

// Register adds services. A family may be registered several times, with
// different methods; a generic family gets its id the first time. Members of the
// group "notify" of nlctrl hear of new generic families.
func (s *Server) Register(services ...Service) error {
	for i := range services {
		made, err := s.register(&services[i])
		if err != nil {
			return err
		}
		if made != nil {
			s.announce(cmdNewFamily, made)
		}
	}
	return nil
}

// register adds a service. It returns the family if that is a new generic one.
func (s *Server) register(v *Service) (*familyMessage, error) {
	if err := v.check(); err != nil {
		return nil, err
	}
	s.once.Do(s.start)
	s.mu.Lock()
	defer s.mu.Unlock()
	f, known := s.families[v.Family.Name]
	switch {
	case v.Family.Name == controlName:
		return nil, fmt.Errorf("%s: the server has this family itself", controlName)
	case known && f.Family.Protocol != v.Family.Protocol:
		return nil, fmt.Errorf("%s: family is registered for another protocol", v.Family.Name)
	case !known:
		f = &family{Service: Service{Family: v.Family}}
		if v.Family.Generic {
			f.id = s.nextID()
		}
	}
	for i := range v.Methods {
		m := &v.Methods[i]
		key := s.key(f, m)
		if s.methods[key] != nil || slices.ContainsFunc(v.Methods[:i], func(m Method) bool { return s.key(f, &m) == key }) {
			return nil, fmt.Errorf("%s: %s: the %v has a method already", v.Family.Name, m.Op.Name, m.kind)
		}
	}
	s.families[v.Family.Name] = f
	if v.Family.Generic {
		s.ids[f.id] = f
	}
	for i := range v.Methods {
		s.methods[s.key(f, &v.Methods[i])] = &v.Methods[i]
		f.Methods = append(f.Methods, v.Methods[i])
	}
	for _, g := range v.Groups {
		if slices.ContainsFunc(f.Groups, func(have nlconn.Group) bool { return have.Name == g.Name }) {
			continue
		}
		if g.ID == 0 && v.Family.Generic {
			s.lastGrp = max(s.lastGrp, notifyGroup) + 1
			g.ID = s.lastGrp
		}
		f.Groups = append(f.Groups, g)
	}
	if known || !v.Family.Generic {
		return nil, nil
	}
	return f.message(), nil
}

// start makes the maps, with nlctrl in them.
func (s *Server) start() {
	control := &family{Service: s.control(), id: nlmsg.TypeControl}
	s.methods = make(map[methodKey]*Method)
	s.families = map[string]*family{controlName: control}
	s.ids = map[uint16]*family{nlmsg.TypeControl: control}
	for i := range control.Methods {
		m := &control.Methods[i]
		s.methods[s.key(control, m)] = m
	}
}

// nextID returns an id for a generic family, another one each time.
func (s *Server) nextID() uint16 {
	for {
		if s.lastID++; s.lastID < firstID {
			s.lastID = firstID
		}
		if s.ids[s.lastID] == nil {
			return s.lastID
		}
	}
}

func (s *Server) key(f *family, m *Method) methodKey {
	number, _ := m.number()
	if f.Family.Generic {
		return methodKey{f.Family.Protocol, f.id, number, m.kind == dump}
	}
	return methodKey{f.Family.Protocol, number, 0, m.kind == dump}
}

// Unregister removes a family with all its methods, as if its module were
// unloaded. Subscriptions to a generic one end in [nlconn.ErrFamilyGone]; if it is
// registered again it gets another id. It reports whether there was such a family.
func (s *Server) Unregister(name string) bool {
	s.once.Do(s.start)
	s.mu.Lock()
	f := s.families[name]
	if f == nil || name == controlName {
		s.mu.Unlock()
		return false
	}
	delete(s.families, name)
	delete(s.ids, f.id)
	for i := range f.Methods {
		delete(s.methods, s.key(f, &f.Methods[i]))
	}
	s.mu.Unlock()
	if f.Family.Generic {
		s.announce(cmdDelFamily, f.message())
	}
	return true
}

// Serves reports whether there is a family of the protocol.
func (s *Server) Serves(protocol int) bool {
	if protocol == nlconn.ProtocolGeneric {
		return true
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, f := range s.families {
		if f.Family.Protocol == protocol {
			return true
		}
	}
	return false
}

// find returns the method that a message is for, and whose message it is.
func (s *Server) find(protocol int, h nlmsg.Header, body []byte) (*Method, *nlconn.Family, error) {
	s.once.Do(s.start)
	s.mu.RLock()
	defer s.mu.RUnlock()
	key := methodKey{protocol: protocol, typ: h.Type, dump: h.Flags&nlmsg.FlagDump == nlmsg.FlagDump}
	if protocol == nlconn.ProtocolGeneric {
		f := s.ids[h.Type]
		switch {
		case f == nil:
			return nil, nil, syscall.Errno(eNOENT)
		case len(body) < nlmsg.GenericLen:
			return nil, f.Family, syscall.Errno(eINVAL)
		}
		key.command = uint16(body[0])
		if m := s.methods[key]; m != nil {
			return m, f.Family, nil
		}
		return nil, f.Family, syscall.Errno(eOPNOTSUPP)
	}
	m := s.methods[key]
	if m == nil && key.dump {
		// The two bits of NLM_F_DUMP mean something else where nothing is read.
		key.dump = false
		m = s.methods[key]
	}
	if m == nil {
		return nil, nil, syscall.Errno(eOPNOTSUPP)
	}
	return m, m.Op.Family, nil
}

// group returns the number of a group of a family.
func (s *Server) group(f *nlconn.Family, g nlconn.Group) (id uint32, typ uint16, err error) {
	s.once.Do(s.start)
	s.mu.RLock()
	defer s.mu.RUnlock()
	known := s.families[f.Name]
	if known == nil {
		return 0, 0, fmt.Errorf("%s: family is not registered", f.Name)
	}
	if g.ID != 0 {
		return g.ID, known.id, nil
	}
	for _, have := range known.Groups {
		if have.Name == g.Name && have.ID != 0 {
			return have.ID, known.id, nil
		}
	}
	return 0, 0, fmt.Errorf("%s: group %q has no number", f.Name, g.Name)
}

// infos returns what nlctrl tells of all generic families, in the order of their
// ids.
func (s *Server) infos() []*familyMessage {
	s.once.Do(s.start)
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []*familyMessage
	for _, name := range slices.Sorted(maps.Keys(s.families)) {
		if f := s.families[name]; f.Family.Generic {
			all = append(all, f.message())
		}
	}
	slices.SortStableFunc(all, func(a, b *familyMessage) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), strings.Compare(a.Name, b.Name))
	})
	return all
}

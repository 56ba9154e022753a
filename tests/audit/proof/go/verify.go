// Verify checks checkpoints, receipts and proofs of a log with Go's own implementation of notes and trees.
//
// It reads a JSON list of cases from the file named, or from standard input, and prints one line a case: "name: ok", or
// "name: what is wrong". It exits with 1 if anything is wrong. Nothing here comes from the log's own code.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run verify.go cases.json   (Debian: golang-go, golang-golang-x-mod-dev)
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Case is what is to be checked: the checkpoint New (or that of Receipt) always, the rest where it is given.
type Case struct {
	Name        string
	Vkey        string   // the log's key
	Witnesses   []string // keys (type 4) of witnesses, all of which must have cosigned New
	Old, New    string   // checkpoints, as signed notes
	Leaf        *string  // the leaf's bytes as text
	LeafBase64  string   `json:"leaf_base64"` // or as base64
	Index       int64
	Inclusion   []string // hashes as base64, of the leaf at Index in New
	Consistency []string // of Old and New; empty where Old is empty or as large as New
	Receipt     string   // instead of New, Index and Inclusion: tlog-proof@v1
}

type checkpoint struct {
	size int64
	root tlog.Hash
}

// cosigner is a witness's key: timestamped Ed25519 signatures (tlog-cosignature), which the note package does not know.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	head := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(sig))
	return ed25519.Verify(c.key, append([]byte(head), msg...), sig[8:])
}

func newCosigner(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("malformed witness key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return nil, errors.New("not a witness key")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	if fmt.Sprintf("%x", sum[:4]) != parts[1] {
		return nil, errors.New("witness key has another id")
	}
	return cosigner{parts[0], binary.BigEndian.Uint32(sum[:4]), key[1:]}, nil
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// open verifies a checkpoint's signatures, by all the keys, and parses it.
func open(text string, keys []note.Verifier) (*checkpoint, error) {
	n, err := note.Open([]byte(text), note.VerifierList(keys...))
	if err != nil {
		return nil, err
	}
	if len(n.Sigs) != len(keys) {
		return nil, fmt.Errorf("signed by %d of %d keys", len(n.Sigs), len(keys))
	}
	lines := strings.Split(strings.TrimSuffix(n.Text, "\n"), "\n")
	if len(lines) < 3 || lines[0] != keys[0].Name() {
		return nil, errors.New("not a checkpoint of this log")
	}
	for _, extension := range lines[3:] {
		if extension == "" {
			return nil, errors.New("empty extension line")
		}
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] || size < 0 {
		return nil, errors.New("malformed size")
	}
	root, err := tlog.ParseHash(lines[2])
	return &checkpoint{size, root}, err
}

// unpack fills Index, Inclusion and New from a receipt.
func (c *Case) unpack() error {
	head, checkpoint, found := strings.Cut(c.Receipt, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || lines[0] != "c2sp.org/tlog-proof@v1" || len(lines) < 2 {
		return errors.New("malformed receipt")
	}
	lines = lines[1:]
	if strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return errors.New("receipt without index")
	}
	index, err := strconv.ParseInt(lines[0][len("index "):], 10, 64)
	c.Index, c.Inclusion, c.New = index, lines[1:], checkpoint
	return err
}

func (c *Case) leafHash() (tlog.Hash, error) {
	if c.Leaf != nil {
		return tlog.RecordHash([]byte(*c.Leaf)), nil
	}
	leaf, err := base64.StdEncoding.DecodeString(c.LeafBase64)
	return tlog.RecordHash(leaf), err
}

func (c *Case) checkInclusion(tree *checkpoint) error {
	proof, err := parseHashes(c.Inclusion)
	if err != nil {
		return err
	}
	leaf, err := c.leafHash()
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.size, tree.root, c.Index, leaf)
}

func (c *Case) checkConsistency(before, after *checkpoint) error {
	proof, err := parseHashes(c.Consistency)
	if err != nil {
		return err
	}
	empty := tlog.Hash(sha256.Sum256(nil))
	if before.size == 0 { // the library knows no empty trees
		if len(proof) > 0 || before.root != empty {
			return errors.New("malformed proof from an empty tree")
		}
		return nil
	}
	return tlog.CheckTree(proof, after.size, after.root, before.size, before.root)
}

func (c *Case) check() error {
	key, err := note.NewVerifier(c.Vkey)
	if err != nil {
		return err
	}
	keys := []note.Verifier{key}
	for _, vkey := range c.Witnesses {
		witness, err := newCosigner(vkey)
		if err != nil {
			return err
		}
		keys = append(keys, witness)
	}
	if c.Receipt != "" {
		if err := c.unpack(); err != nil {
			return err
		}
	}
	after, err := open(c.New, keys)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if c.Leaf != nil || c.LeafBase64 != "" {
		if err := c.checkInclusion(after); err != nil {
			return fmt.Errorf("inclusion: %w", err)
		}
	}
	if c.Old == "" {
		return nil
	}
	before, err := open(c.Old, keys[:1])
	if err != nil {
		return fmt.Errorf("old checkpoint: %w", err)
	}
	if err := c.checkConsistency(before, after); err != nil {
		return fmt.Errorf("consistency: %w", err)
	}
	return nil
}

func main() {
	var input []byte
	var err error
	if len(os.Args) > 1 {
		input, err = os.ReadFile(os.Args[1])
	} else {
		input, err = io.ReadAll(os.Stdin)
	}
	var cases []Case
	decoder := json.NewDecoder(bytes.NewReader(input))
	decoder.DisallowUnknownFields()
	if err == nil {
		err = decoder.Decode(&cases)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	failed := 0
	for _, c := range cases {
		if err := c.check(); err != nil {
			fmt.Printf("%s: %v\n", c.Name, err)
			failed = 1
		} else {
			fmt.Printf("%s: ok\n", c.Name)
		}
	}
	os.Exit(failed)
}

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/argon2"

	"twostep/auth"
)

// measureHashes computes bare hashes in a process of its own, with the flag -hashes. In this
// one, their cost would depend on the garbage of the load generator: each allocates 19 MiB.
func measureHashes(duration time.Duration) (c cost, err error) {
	self, err := os.Executable()
	if err != nil {
		return c, err
	}
	out, err := exec.Command(self, "-hashes", duration.String()).Output()
	if err != nil {
		return c, fmt.Errorf("hashes: %w", err)
	}
	err = json.Unmarshal(out, &[]any{&c.responses, &c.elapsed, &c.cpu})
	return c, err
}

// computeHashes computes argon2id hashes with the parameters and the memory settings of the
// server, as many in parallel as it does, and prints what measureHashes reads.
func computeHashes(duration time.Duration) error {
	c, workers := auth.DefaultCost, runtime.GOMAXPROCS(0)
	debug.SetGCPercent(auth.HeapGrowth)
	debug.SetMemoryLimit(c.HeapLimit(workers))
	compute := func(until time.Duration) (cost, error) {
		var hashes atomic.Int64
		start, cpuBefore := time.Now(), ownCPU()
		err := parallel(workers, func(int) error {
			for time.Since(start) < until {
				argon2.IDKey([]byte(password), make([]byte, 16), c.Passes, c.Memory, c.Lanes, 32)
				hashes.Add(1)
			}
			return nil
		})
		return cost{int(hashes.Load()), time.Since(start), ownCPU() - cpuBefore}, err
	}
	if _, err := compute(duration / 5); err != nil { // a warm-up
		return err
	}
	r, err := compute(duration)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode([]any{r.responses, r.elapsed, r.cpu})
}

func ownCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // cannot fail with these arguments
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

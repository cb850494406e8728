package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// untilTold returns a context that ends when the program is told to stop. A
// second signal ends the process at once.
func untilTold() context.Context {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx
}

package db

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"

	"zombiezen.com/go/sqlite"
)

// parameters are the names of those of a query.
var parameters = [...]string{"$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10", "$11", "$12"}

// bind sets the parameters of a query. One too many is an error of the query's
// writer, that the statement tells when it runs.
func bind(stmt *sqlite.Stmt, args []any) error {
	for i, arg := range args {
		value, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return err
		}
		switch value := value.(type) {
		case string:
			stmt.SetText(parameters[i], value)
		case int64:
			stmt.SetInt64(parameters[i], value)
		case bool:
			stmt.SetBool(parameters[i], value)
		case []byte:
			stmt.SetBytes(parameters[i], value)
		case nil:
			stmt.SetNull(parameters[i])
		default:
			return fmt.Errorf("argument %d is a %T", i+1, arg)
		}
	}
	return nil
}

// scan puts the columns of a row where they go, by the rules of database/sql.
func scan(stmt *sqlite.Stmt, row Row) error {
	if got := stmt.ColumnCount(); got != len(row) {
		return fmt.Errorf("%d columns for %d places", got, len(row))
	}
	for i, to := range row {
		if err := scanColumn(stmt, i, to); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

var errOtherType = errors.New("what is stored is of another type")

func scanColumn(stmt *sqlite.Stmt, i int, to any) error {
	stored := stmt.ColumnType(i)
	switch to := to.(type) {
	case *any:
		*to = columnValue(stmt, i, stored)
		return nil
	case sql.Scanner:
		return to.Scan(columnValue(stmt, i, stored))
	case *[]byte:
		*to = nil
		if stored != sqlite.TypeNull {
			*to = columnBytes(stmt, i)
		}
		return nil
	case *string:
		*to = stmt.ColumnText(i)
		return unless(stored != sqlite.TypeNull)
	case *int:
		*to = stmt.ColumnInt(i)
		return unless(stored == sqlite.TypeInteger)
	case *int64:
		*to = stmt.ColumnInt64(i)
		return unless(stored == sqlite.TypeInteger)
	case *bool:
		*to = stmt.ColumnBool(i)
		return unless(stored == sqlite.TypeInteger)
	}
	named := reflect.ValueOf(to).Elem() // such as an auth.UserID
	if named.Kind() != reflect.String {
		return fmt.Errorf("a %T takes no column", to)
	}
	named.SetString(stmt.ColumnText(i))
	return unless(stored == sqlite.TypeText)
}

func unless(fits bool) error {
	if fits {
		return nil
	}
	return errOtherType
}

// columnValue is what database/sql hands to a Scanner.
func columnValue(stmt *sqlite.Stmt, i int, stored sqlite.ColumnType) any {
	switch stored {
	case sqlite.TypeInteger:
		return stmt.ColumnInt64(i)
	case sqlite.TypeFloat:
		return stmt.ColumnFloat(i)
	case sqlite.TypeText:
		return stmt.ColumnText(i)
	case sqlite.TypeBlob:
		return columnBytes(stmt, i)
	}
	return nil
}

func columnBytes(stmt *sqlite.Stmt, i int) []byte {
	value := make([]byte, stmt.ColumnLen(i))
	stmt.ColumnBytes(i, value)
	return value
}

package engine

import (
	"database/sql"
	"encoding/binary"
	"fmt"
	"reflect"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// readRows scans each row into row, until more returns false.
func readRows(rows pgx.Rows, types *pgtype.Map, row Row, more func() bool) error {
	defer rows.Close()
	for rows.Next() {
		// Only now: rows whose connection was lost before the first response have no fields,
		// and would panic.
		fields, values := rows.FieldDescriptions(), rows.RawValues()
		if len(values) != len(row) {
			return fmt.Errorf("%d columns for %d destinations", len(values), len(row))
		}
		for i, dest := range row {
			value, err := decode(types, &fields[i], values[i])
			if err == nil {
				err = assign(dest, value)
			}
			if err != nil {
				return fmt.Errorf("column %s: %w", fields[i].Name, err)
			}
		}
		if !more() {
			break
		}
	}
	rows.Close()
	return rows.Err()
}

const binaryFormat = pgtype.BinaryFormatCode

// decode returns what database/sql passes to a Scanner. The most frequent types are
// decoded here, without the tables of the driver.
func decode(types *pgtype.Map, field *pgconn.FieldDescription, value []byte) (any, error) {
	if value == nil {
		return nil, nil
	}
	switch oid := field.DataTypeOID; {
	case oid == pgtype.TextOID:
		return string(value), nil
	case oid == pgtype.Int8OID && field.Format == binaryFormat:
		return int64(binary.BigEndian.Uint64(value)), nil
	case oid == pgtype.Int4OID && field.Format == binaryFormat:
		return int64(int32(binary.BigEndian.Uint32(value))), nil
	}
	t, ok := types.TypeForOID(field.DataTypeOID)
	if !ok {
		return nil, errColumnType
	}
	return t.Codec.DecodeDatabaseSQLValue(types, field.DataTypeOID, field.Format, value)
}

// assign converts a value as database/sql does.
func assign(dest, value any) error {
	switch dest := dest.(type) {
	case *any:
		*dest = value
		return nil
	case sql.Scanner:
		return dest.Scan(value)
	case *[]byte:
		*dest, _ = value.([]byte)
		return requireType(value == nil || *dest != nil)
	case *bool:
		if n, ok := value.(int64); ok { // a flag
			*dest = n != 0
			return nil
		}
	}
	to := reflect.ValueOf(dest).Elem()
	switch value := value.(type) {
	case string:
		if to.Kind() == reflect.String { // such as auth.UserID
			to.SetString(value)
			return nil
		}
	case int64:
		if to.CanInt() { // such as auth.Role
			to.SetInt(value)
			return nil
		}
	case bool:
		if to.Kind() == reflect.Bool {
			to.SetBool(value)
			return nil
		}
	}
	return fmt.Errorf("%w: %T for a %T", errColumnType, value, dest)
}

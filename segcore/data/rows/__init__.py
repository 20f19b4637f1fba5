"""From rows as read to a data set: types, rows set aside, filters."""

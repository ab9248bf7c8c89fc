import getpass

import greetings

print(greetings.hello(getpass.getuser()))

"""What is said to whoever registers: the code, the truth that the page keeps to itself, the new account."""

from collections.abc import Mapping

from idp.flows.wording.purpose import Purpose
from idp.flows.wording.shape import (
    ASKED_FOR_CODE,
    LONGEST_CODE_SMS,
    N_,
    NOT_YOU,
    TELL_NOBODY,
    VALID_FOR,
    YOU_OR_NOT,
    Wording,
)

_ASKED = N_("Someone asked to register with %(brand)s using this contact, which is on file with us.")

_REGISTRATION_CODE = Wording(
    sms=(
        N_(
            "%(code)s is your code to register with %(brand)s. Valid for %(minutes)s minutes. Tell nobody: "
            "if someone asks for it, even in our name, it is a scam.\n@%(host)s #%(code)s"
        ),
        N_(
            "%(code)s is your code to register. Valid for %(minutes)s minutes. Tell nobody: if someone "
            "asks for it, even in our name, it is a scam.\n@%(host)s #%(code)s"
        ),
        N_(
            "%(code)s: code to register, valid %(minutes)s min. Tell nobody: if someone asks for it, even "
            "in our name, it is a scam\n@%(host)s #%(code)s"
        ),
        N_(
            "%(code)s is your code to register. Valid for %(minutes)s minutes. Tell nobody: if someone "
            "asks for it, even in our name, it is a scam."
        ),
    ),
    longest_sms=LONGEST_CODE_SMS,
    subject=N_("Your code to register with %(brand)s"),
    before=(N_("This is your code to register with %(brand)s. Type it on the page where you asked for it:"),),
    after=(VALID_FOR, TELL_NOBODY, ASKED_FOR_CODE),
)

REGISTRATION_CODE_AND_LINK = Wording(
    sms=(
        N_(
            "%(code)s is your code to register with %(brand)s. Valid for %(minutes)s minutes. Or confirm "
            "here: %(link)s\nTell nobody: if someone asks for it, even in our name, it is a scam."
        ),
        N_(
            "%(code)s is your code to register. Valid for %(minutes)s minutes. Or confirm here: %(link)s\n"
            "Tell nobody: if someone asks for it, even in our name, it is a scam."
        ),
    ),
    subject=N_("Your code to register with %(brand)s"),
    before=(N_("This is your code to register with %(brand)s. Type it on the page where you asked for it:"),),
    button=N_("Confirm the registration"),
    after=(
        N_("Code or button: one is enough. Both are valid for %(minutes)s minutes."),
        N_("Tell nobody the code or the link: if someone asks for them, even in our name, it is a scam."),
        ASKED_FOR_CODE,
    ),
)

_REGISTRATION_LINK = Wording(
    sms=(
        N_(
            "%(brand)s: the new link to complete your registration, valid for %(minutes)s minutes: %(link)s\n"
            "Tell nobody: if someone asks for it, even in our name, it is a scam."
        ),
        N_(
            "The new link to complete your registration, valid for %(minutes)s minutes: %(link)s\n"
            "Tell nobody: if someone asks for it, even in our name, it is a scam."
        ),
    ),
    subject=N_("The new link to register with %(brand)s"),
    before=(N_("This is the new link to complete your registration with %(brand)s:"),),
    button=N_("Complete the registration"),
    after=(
        N_("It is valid for %(minutes)s minutes and can be used once, on this device too."),
        N_("Tell nobody this link: if someone asks for it, even in our name, it is a scam."),
        ASKED_FOR_CODE,
    ),
)

REGISTER: Mapping[Purpose, Wording] = {
    Purpose.REGISTRATION_CODE: _REGISTRATION_CODE,
    Purpose.REGISTRATION_LINK: _REGISTRATION_LINK,
    Purpose.NAME_DIFFERS: Wording(
        sms=(
            N_(
                "%(brand)s: registration not completed. The name typed is not the one on the policy. Start "
                "again and type first and last name as on the policy; of two last names, one is enough. "
                "Not you? Ignore this message."
            ),
            N_(
                "Registration not completed: the name typed is not the one on the policy. Start again and "
                "type first and last name as on the policy; of two last names, one is enough. Not you? "
                "Ignore this message."
            ),
        ),
        subject=N_("%(brand)s: check the name to register"),
        before=(
            _ASKED,
            N_(
                "The name that was typed is not the one on the policy, so the registration was not completed."
            ),
            N_(
                "Start again and type first and last name as on the policy. If you have two last names, "
                "one is enough."
            ),
            NOT_YOU,
        ),
    ),
    Purpose.COMPANY_DIFFERS: Wording(
        sms=(
            N_(
                "%(brand)s: registration not completed. The company name typed is not the one on the "
                "policy. Start again and type it as on the policy. Not you? Ignore this message."
            ),
            N_(
                "Registration not completed: the company name typed is not the one on the policy. Start "
                "again and type it as on the policy. Not you? Ignore this message."
            ),
        ),
        subject=N_("%(brand)s: check the company name to register"),
        before=(
            _ASKED,
            N_(
                "The company name that was typed is not the one on the policy, so the registration was not "
                "completed."
            ),
            N_("Start again and type the company name as on the policy."),
            NOT_YOU,
        ),
    ),
    Purpose.VAT_DIFFERS: Wording(
        sms=(
            N_(
                "%(brand)s: registration not completed. The VAT number typed is not the one on the policy. "
                "Start again and check its 11 digits. Not you? Ignore this message."
            ),
            N_(
                "Registration not completed: the VAT number typed is not the one on the policy. Start "
                "again and check its 11 digits. Not you? Ignore this message."
            ),
        ),
        subject=N_("%(brand)s: check the VAT number to register"),
        before=(
            _ASKED,
            N_(
                "The VAT number that was typed is not the one on the policy, so the registration was not "
                "completed."
            ),
            N_("Start again and check the 11 digits of the VAT number."),
            NOT_YOU,
        ),
    ),
    Purpose.PROFILE_DIFFERS: Wording(
        sms=(
            N_(
                "%(brand)s: registration not completed. The policy is not in the profile that was chosen. "
                "Start again and choose another one: Person, Professional or Company. Not you? Ignore this "
                "message."
            ),
            N_(
                "Registration not completed: the policy is not in the profile that was chosen. Start again "
                "and choose another one: Person, Professional or Company. Not you? Ignore this message."
            ),
        ),
        subject=N_("%(brand)s: choose another profile to register"),
        before=(
            _ASKED,
            N_("The policy is not in the profile that was chosen, so the registration was not completed."),
            N_("Start again and choose another profile: Person, Professional or Company."),
            NOT_YOU,
        ),
    ),
    Purpose.SHARED_CONTACT: Wording(
        sms=(
            N_(
                "%(brand)s: registration not completed. This contact is on file for more than one customer "
                "and cannot be a username. Start again with another contact, or give your agency a new "
                "one. Not you? Ignore this message."
            ),
            N_(
                "Registration not completed: this contact is on file for more than one customer and cannot "
                "be a username. Start again with another contact, or give your agency a new one. Not you? "
                "Ignore this message."
            ),
        ),
        subject=N_("%(brand)s: use another contact to register"),
        before=(
            _ASKED,
            N_("This contact is on file for more than one customer, so it cannot be anybody's username."),
            N_("Start again with another contact of your own, or give your agency a new one."),
            NOT_YOU,
        ),
    ),
    Purpose.AGENCY_CONTACT: Wording(
        sms=(
            N_(
                "%(brand)s: registration not completed. This contact belongs to an agency and cannot be a "
                "customer's username. Start again with a contact of your own. Not you? Ignore this message."
            ),
            N_(
                "Registration not completed: this contact belongs to an agency and cannot be a customer's "
                "username. Start again with a contact of your own. Not you? Ignore this message."
            ),
        ),
        subject=N_("%(brand)s: use another contact to register"),
        before=(
            _ASKED,
            N_("This contact belongs to an agency, so it cannot be a customer's username."),
            N_("A customer registers with a contact of their own; the agency can put it on file."),
            NOT_YOU,
        ),
    ),
    Purpose.CONTACT_TAKEN: Wording(
        sms=(
            N_(
                "%(brand)s: registration not completed. This contact is already the username of another "
                "account. Start again with another contact, or give your agency a new one. Not you? Ignore "
                "this message."
            ),
            N_(
                "Registration not completed: this contact is already the username of another account. "
                "Start again with another contact, or give your agency a new one. Not you? Ignore this "
                "message."
            ),
        ),
        subject=N_("%(brand)s: use another contact to register"),
        before=(
            _ASKED,
            N_("This contact is already the username of another account, so it cannot be used twice."),
            N_("Start again with another contact of your own, or give your agency a new one."),
            NOT_YOU,
        ),
    ),
    Purpose.NO_POLICY: Wording(
        sms=(
            N_(
                "%(brand)s: registration not completed. We found no policy that allows it. If you think "
                "this is wrong, contact your agency. Not you? Ignore this message."
            ),
            N_(
                "Registration not completed: we found no policy that allows it. If you think this is "
                "wrong, contact your agency. Not you? Ignore this message."
            ),
        ),
        subject=N_("%(brand)s: registration not completed"),
        before=(
            _ASKED,
            N_("To register you need a policy with us, and we found none that allows it."),
            N_("If you think this is wrong, contact your agency: it can check your data."),
            NOT_YOU,
        ),
    ),
    Purpose.COLLECTIVE_POLICY: Wording(
        sms=(
            N_(
                "%(brand)s: registration not completed. Your policy was taken out by your company: ask the "
                "company how to register. Not you? Ignore this message."
            ),
            N_(
                "Registration not completed: your policy was taken out by your company. Ask the company "
                "how to register. Not you? Ignore this message."
            ),
        ),
        subject=N_("%(brand)s: registering with your company's policy"),
        before=(
            _ASKED,
            N_("You are insured with a policy of your company, so the registration was not completed here."),
            N_("Ask your company how to register, or ask your agency for an activation code."),
            NOT_YOU,
        ),
    ),
    Purpose.ALREADY_REGISTERED: Wording(
        sms=(
            N_(
                "%(brand)s: you are registered already. Sign in with your username and password. If you do "
                "not remember them, recover them from the sign-in page. Not you? Ignore this message."
            ),
            N_(
                "You are registered already: sign in with your username and password. If you do not "
                "remember them, recover them from the sign-in page. Not you? Ignore this message."
            ),
        ),
        subject=N_("%(brand)s: you are registered already"),
        before=(
            _ASKED,
            N_("You are registered already, so there is nothing to do again."),
            N_(
                "Sign in with your username and password. If you do not remember them, recover them from the "
                "sign-in page."
            ),
            NOT_YOU,
        ),
    ),
    Purpose.AMBIGUOUS: Wording(
        sms=(
            N_(
                "%(brand)s: registration not completed. We have more than one customer record with these "
                "data. Ask your agency to bring them together. Not you? Ignore this message."
            ),
            N_(
                "Registration not completed: we have more than one customer record with these data. "
                "Ask your agency to bring them together. Not you? Ignore this message."
            ),
        ),
        subject=N_("%(brand)s: registration not completed"),
        before=(
            _ASKED,
            N_("We have more than one customer record with these data, and cannot tell which one is meant."),
            N_("Ask your agency to bring them together, then register again."),
            NOT_YOU,
        ),
    ),
    Purpose.ACCOUNT_CREATED: Wording(
        sms=(
            N_(
                "%(brand)s: your account was created on %(when)s. If it was not you, contact us or your "
                "agency at once."
            ),
            N_("Your account was created on %(when)s. If it was not you, contact us or your agency at once."),
        ),
        subject=N_("%(brand)s: your account was created"),
        before=(
            N_("Your account with %(brand)s was created on %(when)s."),
            N_("We write to every contact of yours that we have on file, so that nobody can do it unseen."),
            YOU_OR_NOT,
        ),
    ),
}
